#include "podscale/study/condition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

PredictorSeries::PredictorSeries(const FieldSource& lr, const Basis& basis, const Predictors& predictors,
                                 const Climatology& climatology, const Communicator& comm)
    : lr_(&lr), basis_(&basis), predictors_(&predictors), climatology_(&climatology), comm_(&comm) {}

long PredictorSeries::lagged(long step, long lag) const {
  return std::clamp(step + lag, 0l, static_cast<long>(lr_->times().dates.size()) - 1);
}

std::vector<long> PredictorSeries::needed_steps(std::span<const long> steps) const {
  std::set<long> needed;  // neighbouring steps share most of their lags
  for (const long step : steps)
    for (const long lag : predictors_->box().lags) needed.insert(lagged(step, lag));
  return {needed.begin(), needed.end()};
}

void PredictorSeries::read(std::span<const long> steps, std::span<float> out) const {
  take(LrFields(*lr_, source(), needed_steps(steps)), steps, out);
}

void PredictorSeries::take(const LrFields& fields, std::span<const long> steps, std::span<float> out) const {
  const PredictorBox& box = predictors_->box();
  const std::size_t local = basis_->patches.mine.size(), slots = static_cast<std::size_t>(box.slots()),
                    cells = static_cast<std::size_t>(box.box_y * box.box_x);
  PODSCALE_ASSERT(out.size() == steps.size() * local * slots, "{} values", out.size());
  const std::vector<long> needed = needed_steps(steps);
  std::map<long, std::size_t> position;
  for (const long step : needed) position.emplace(step, position.size());

  const std::size_t n = static_cast<std::size_t>(source().points());
  std::vector<float> values(n * needed.size());
  comm_->agree([&] {
    Climatology climatology{climatology_->harmonics, source().points(), {}};  // of these cells
    for (std::size_t term = 0; term < static_cast<std::size_t>(climatology_->terms()); ++term)
      for (std::size_t i = 0; i < n; ++i)
        climatology.coefficients.push_back(
            climatology_
                ->coefficients[term * static_cast<std::size_t>(climatology_->points) +
                               static_cast<std::size_t>(predictors_->grid_cell(static_cast<long>(i)))]);
    std::vector<double> mean(n);
    for (std::size_t t = 0; t < needed.size() && n > 0; ++t) {
      const auto field = std::span(values).subspan(t * n, n);
      fields.take(needed[t], source(), field);
      climatology.evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(needed[t])), mean);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t cell = static_cast<std::size_t>(predictors_->grid_cell(static_cast<long>(i)));
        if (basis_->lr_ocean[cell] && std::isnan(field[i]))
          fail(ExitCode::data,
               "{}: no value at {} in row {}, column {}, which is ocean in the training period; "
               "expected an LR series without gaps there",
               lr_->describe(), date_text(lr_->times().dates[static_cast<std::size_t>(needed[t])]),
               cell / static_cast<std::size_t>(basis_->lr_grid.nx()),
               cell % static_cast<std::size_t>(basis_->lr_grid.nx()));
        field[i] = static_cast<float>(static_cast<double>(field[i]) - mean[i]);
      }
    }
  });
  std::fill(out.begin(), out.end(), 0.0f);
  for (std::size_t t = 0; t < steps.size(); ++t)
    for (std::size_t p = 0; p < local; ++p) {
      float* row = out.data() + (t * local + p) * slots;
      const auto& cell = predictors_->cells(p);
      for (std::size_t l = 0; l < box.lags.size(); ++l) {
        const float* field = values.data() + position.at(lagged(steps[t], box.lags[l])) * n;
        for (std::size_t i = 0; i < cells; ++i)
          if (cell[i] >= 0) row[l * cells + i] = field[cell[i]];
      }
    }
}

Climatology fit_cell_climatology(const Communicator& comm, const FieldSource& lr, const Basis& basis,
                                 const Predictors& predictors, std::span<const long> steps, int harmonics,
                                 long block) {
  const std::size_t n = static_cast<std::size_t>(predictors.source().points());
  HarmonicFit fit(predictors.source().points(), harmonics);
  std::vector<float> values;
  for_blocks("LR climatology", steps.size(), block, [&](std::size_t first, std::size_t count) {
    const auto part = steps.subspan(first, count);
    values.resize(n * part.size());
    lr.read(predictors.source(), part, values);
    for (std::size_t t = 0; t < part.size(); ++t)
      fit.add(std::span<const float>(values).subspan(t * n, n),
              basis.year_phase(lr.times(), static_cast<std::size_t>(part[t])));
  });

  Climatology local;
  comm.agree([&] { local = fit.solve(); });
  const std::size_t whole = static_cast<std::size_t>(basis.lr_grid.points());
  constexpr double none = -std::numeric_limits<double>::infinity();
  Climatology all{harmonics, basis.lr_grid.points(),
                  std::vector<double>(whole * static_cast<std::size_t>(1 + 2 * harmonics), none)};
  std::set<long> used;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
    for (const long cell : predictors.cells(p))
      if (cell >= 0) used.insert(cell);
  for (const long cell : used)
    for (std::size_t term = 0; term < static_cast<std::size_t>(all.terms()); ++term)
      all.coefficients[term * whole + static_cast<std::size_t>(predictors.grid_cell(cell))] =
          local.coefficients[term * n + static_cast<std::size_t>(cell)];
  // Ranks that share a cell computed the same bits for it, so the largest is the value itself.
  comm.max(std::span(all.coefficients));
  for (double& value : all.coefficients)
    if (value == none) value = std::numeric_limits<double>::quiet_NaN();
  return all;
}

ConditionSeries::ConditionSeries(const FieldSource& lr, const Basis& basis,
                                 const ReferenceForecast& reference, const Communicator& comm)
    : lr_(&lr),
      basis_(&basis),
      slots_(reference.predictors.box().slots()),
      width_(reference.conditions(basis)),
      interpolated_(lr, basis, comm) {
  if (slots_ > 0)
    predictors_ = std::make_unique<PredictorSeries>(lr, basis, reference.predictors, reference.cells, comm);
}

std::vector<float> ConditionSeries::read(std::span<const long> steps) const {
  const long local = static_cast<long>(basis_->patches.mine.size()), k = basis_->modes,
             times = static_cast<long>(steps.size());
  std::vector<float> cells(static_cast<std::size_t>(times * local * slots_)),
      rows(static_cast<std::size_t>(times * local * width_));
  std::vector<double> anomalies(static_cast<std::size_t>(basis_->window.points() * times));
  {
    std::vector<long> needed(steps.begin(), steps.end());
    std::vector<Window> windows{interpolated_.source()};
    if (predictors_) {
      const auto lagged = predictors_->needed_steps(steps);
      needed.insert(needed.end(), lagged.begin(), lagged.end());
      windows.push_back(predictors_->source());
    }
    const LrFields fields(*lr_, bounding_window(basis_->lr_grid, windows), std::move(needed));
    if (predictors_) predictors_->take(fields, steps, cells);
    interpolated_.take_anomalies(fields, steps, anomalies);
  }
  const std::vector<float> projected = to_coefficients(*basis_, anomalies, times);
  for (long i = 0; i < times * local; ++i) {
    std::copy_n(cells.begin() + i * slots_, slots_, rows.begin() + i * width_);
    std::copy_n(projected.begin() + i * k, k, rows.begin() + i * width_ + slots_);
  }
  return rows;
}

ConditionSeries conditions_of(const LatentSpace& space, const FieldSource& lr, const Communicator& comm) {
  return {lr, space.basis(), space.reference(), comm};
}

}  // namespace podscale
