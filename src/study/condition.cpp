#include "podscale/study/condition.hpp"

#include <algorithm>

namespace podscale {

ConditionSeries::ConditionSeries(const LowResolution& lr, const Basis& basis, const Predictors* predictors,
                                 const Climatology* cells, const Communicator& comm)
    : basis_(&basis),
      slots_(predictors ? predictors->box().slots() : 0),
      width_(slots_ + basis.modes),
      interpolated_(lr, basis, comm) {
  if (predictors) predictors_ = std::make_unique<PredictorSeries>(lr, basis, *predictors, *cells, comm);
}

std::vector<float> ConditionSeries::read(std::span<const long> steps) const {
  const long local = static_cast<long>(basis_->patches.mine.size()), k = basis_->modes,
             times = static_cast<long>(steps.size());
  std::vector<float> cells(static_cast<std::size_t>(times * local * slots_)),
      rows(static_cast<std::size_t>(times * local * width_));
  if (predictors_) predictors_->read(steps, cells);
  std::vector<double> anomalies(static_cast<std::size_t>(basis_->window.points() * times));
  interpolated_.read_anomalies(steps, anomalies);
  const std::vector<float> projected = to_coefficients(*basis_, anomalies, times);
  for (long i = 0; i < times * local; ++i) {
    std::copy_n(cells.begin() + i * slots_, slots_, rows.begin() + i * width_);
    std::copy_n(projected.begin() + i * k, k, rows.begin() + i * width_ + slots_);
  }
  return rows;
}

}  // namespace podscale
