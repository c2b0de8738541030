#include "podscale/gaussian/condition.hpp"

namespace podscale {

ConditionSeries::ConditionSeries(const LowResolution& lr, const Basis& basis, const LinearGaussian* base,
                                 const Communicator& comm)
    : basis_(&basis), width_(base ? base->predictors.box().slots() : basis.modes) {
  if (base)
    predictors_ = std::make_unique<PredictorSeries>(lr, basis, base->predictors, base->cells, comm);
  else
    interpolated_ = std::make_unique<InterpolatedSeries>(lr, basis, comm);
}

std::vector<float> ConditionSeries::read(std::span<const long> steps) const {
  const std::size_t local = basis_->patches.mine.size();
  std::vector<float> rows(steps.size() * local * static_cast<std::size_t>(width_));
  if (predictors_) {
    predictors_->read(steps, rows);
    return rows;
  }
  std::vector<double> anomalies(static_cast<std::size_t>(basis_->window.points()) * steps.size());
  interpolated_->read_anomalies(steps, anomalies);
  basis_->codec().encode(anomalies, static_cast<long>(steps.size()),
                         std::vector<double>(local * static_cast<std::size_t>(width_), 1.0), rows);
  return rows;
}

}  // namespace podscale
