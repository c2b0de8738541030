#include "podscale/study/condition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/study/analyses.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

PredictorSeries::PredictorSeries(const FieldSource& lr, const Basis& basis, const Predictors& predictors,
                                 const Climatology& climatology, const Communicator& comm)
    : lr_(&lr),
      basis_(&basis),
      predictors_(&predictors),
      climatology_(&climatology),
      comm_(&comm),
      finder_(lr.times(), basis.lr_step) {}

std::vector<long> PredictorSeries::needed_steps(std::span<const long> steps) const {
  std::set<long> needed;  // neighbouring steps share most of their lags
  for (const long step : steps)
    for (const long lag : predictors_->lags)
      if (const auto found = lagged(step, lag)) needed.insert(*found);
  return {needed.begin(), needed.end()};
}

void PredictorSeries::take(const LrFields& fields, std::span<const long> steps, std::span<float> out) const {
  const idx_t local = std::ssize(basis_->patches.mine), cells = predictors_->cells.slots(),
              channels = predictors_->channels, lags = std::ssize(predictors_->lags), n = source().points(),
              times = std::ssize(steps);
  const View<float, 5> rows(out, times, local, lags, channels, cells);
  const std::vector<long> needed = needed_steps(steps);
  std::map<long, idx_t> position;
  for (const long step : needed) position.emplace(step, std::ssize(position));

  std::vector<float> values(static_cast<std::size_t>(channels * n) * needed.size());
  const View<float, 3> anomalies(std::span<float>(values), needed.size(), channels, n);
  comm_->agree([&] {
    const idx_t whole = basis_->lr_mesh.points();
    Climatology climatology{climatology_->harmonics, channels * n, {}};  // of these cells
    const View<const double, 3> of_mesh(std::span<const double>(climatology_->coefficients),
                                        climatology_->terms(), channels, whole);
    for (idx_t term = 0; term < climatology_->terms(); ++term)
      for (idx_t c = 0; c < channels; ++c)
        for (idx_t i = 0; i < n; ++i)
          climatology.coefficients.push_back(of_mesh(term, c, predictors_->cells.point(i)));
    std::vector<double> mean(channels * n);
    for (std::size_t t = 0; t < needed.size() && n > 0; ++t) {
      const std::span<float> field = anomalies[t].span();
      fields.take(needed[t], source(), field);
      fields.require_values(*basis_, needed[t], source(), field);
      climatology.evaluate(basis_->year_phase(lr_->times(), static_cast<std::size_t>(needed[t])), mean);
      for (std::size_t i = 0; i < field.size(); ++i)
        field[i] = static_cast<float>((static_cast<double>(field[i]) - mean[i]) /
                                      basis_->channel_scale[i / static_cast<std::size_t>(n)]);
    }
  });
  std::fill(out.begin(), out.end(), 0.0f);
  const View<const idx_t, 2> cell_of = predictors_->cells.cells();
  for (idx_t t = 0; t < times; ++t)
    for (idx_t l = 0; l < lags; ++l) {
      const std::optional<long> found = lagged(steps[t], predictors_->lags[l]);
      if (!found) continue;
      const idx_t step = position.at(*found);
      for (idx_t p = 0; p < local; ++p)
        for (idx_t c = 0; c < channels; ++c)
          for (idx_t i = 0; i < cells; ++i)
            if (const idx_t cell = cell_of(p, i); cell >= 0) rows(t, p, l, c, i) = anomalies(step, c, cell);
    }
}

Climatology fit_cell_climatology(const Communicator& comm, const FieldSource& lr, const Basis& basis,
                                 const Predictors& predictors, std::span<const long> steps, int harmonics,
                                 long block) {
  const idx_t n = predictors.source().points(), channels = predictors.channels;
  HarmonicFit fit(channels * n, harmonics);
  std::vector<float> values;
  for_blocks("LR climatology", steps.size(), block, [&](std::size_t first, std::size_t count) {
    const auto part = steps.subspan(first, count);
    values.resize(static_cast<std::size_t>(channels * n) * part.size());
    lr.read(predictors.source(), part, values);
    const View<const float, 2> fields(values, part.size(), channels * n);
    for (std::size_t t = 0; t < part.size(); ++t)
      fit.add(fields[t].span(), basis.year_phase(lr.times(), static_cast<std::size_t>(part[t])));
  });

  Climatology local;
  comm.agree([&] { local = fit.solve(); });
  const idx_t whole = basis.lr_mesh.points();
  constexpr double none = -std::numeric_limits<double>::infinity();
  Climatology all{harmonics, channels * whole, {}};
  all.coefficients.assign(static_cast<std::size_t>(all.terms() * channels * whole), none);
  const View<double, 3> to(std::span(all.coefficients), all.terms(), channels, whole),
      from(std::span(local.coefficients), all.terms(), channels, n);
  for (const idx_t cell : predictors.cells.cells().span())
    for (idx_t term = 0; cell >= 0 && term < all.terms(); ++term)
      for (idx_t c = 0; c < channels; ++c) to(term, c, predictors.cells.point(cell)) = from(term, c, cell);
  // Ranks that share a cell computed the same bits for it, so the largest is the value itself.
  comm.max(std::span(all.coefficients));
  for (double& value : all.coefficients)
    if (value == none) value = std::numeric_limits<double>::quiet_NaN();
  return all;
}

ConditionSeries::ConditionSeries(const FieldSource& lr, const Basis& basis,
                                 const ReferenceForecast& reference, const Communicator& comm,
                                 const FieldSource* past)
    : lr_(&lr),
      past_(past),
      basis_(&basis),
      reference_(&reference),
      layout_(reference.layout(basis)),
      width_(layout_.width),
      interpolated_(lr, basis, comm) {
  if (layout_.lr > 0)
    predictors_ = std::make_unique<PredictorSeries>(lr, basis, reference.predictors, reference.cells, comm);
  if (reference.ages.empty()) return;
  at_once_ = std::make_unique<Predictors>(reference.predictors);
  at_once_->lags.assign(1, 0);  // of = {0} gcc 14 warns, wrongly
  then_ = std::make_unique<PredictorSeries>(past ? *past : lr, basis, *at_once_, reference.cells, comm);
}

std::vector<long> ConditionSeries::needed_steps(std::span<const long> steps) const {
  std::set<long> needed(steps.begin(), steps.end());
  if (predictors_)
    for (const long step : predictors_->needed_steps(steps)) needed.insert(step);
  return {needed.begin(), needed.end()};
}

std::vector<float> ConditionSeries::read(std::span<const long> steps) const {
  std::vector<TimeInputs> times;
  for (const long step : steps) times.push_back({step});
  return read(times, nullptr);
}

std::vector<float> ConditionSeries::read(std::span<const TimeInputs> times, const Analyses* analyses) const {
  const long local = std::ssize(basis_->patches.mine), k = basis_->modes, count = std::ssize(times);
  std::vector<long> steps, then;
  for (const TimeInputs& time : times) {
    steps.push_back(time.step);
    then.push_back(time.then >= 0 ? time.then : time.step);
  }
  const auto told = std::find_if(times.begin(), times.end(), [](const auto& t) { return t.age > 0; });
  const bool history = told != times.end();
  if (history && past_)  // times without an analysis have no step in it
    for (std::size_t t = 0; t < then.size(); ++t)
      if (times[t].then < 0) then[t] = told->then;
  std::vector<float> cells(static_cast<std::size_t>(count * local * layout_.lr)), cells_then,
      rows(static_cast<std::size_t>(count * local * width_));
  std::vector<double> anomalies(basis_->points() * count);
  {
    std::vector<Window> windows{interpolated_.source()};
    if (predictors_) windows.push_back(predictors_->source());
    std::vector<long> needed = needed_steps(steps);
    if (history && !past_) needed.insert(needed.end(), then.begin(), then.end());
    const LrFields fields(*lr_, bounding_window(basis_->lr_mesh, windows), needed);
    if (predictors_) predictors_->take(fields, steps, cells);
    if (history) {
      cells_then.resize(static_cast<std::size_t>(count * local * (layout_.history - layout_.then)));
      if (past_)
        then_->take(LrFields(*past_, then_->source(), then), then, cells_then);
      else
        then_->take(fields, then, cells_then);
    }
    interpolated_.take_anomalies(fields, steps, anomalies);
  }
  const std::vector<float> projected = to_coefficients(*basis_, anomalies, count);
  for (long i = 0; i < count * local; ++i) {
    const TimeInputs& time = times[i / local];
    float* row = rows.data() + i * width_;
    std::copy_n(cells.begin() + i * layout_.lr, layout_.lr, row);
    std::copy_n(projected.begin() + i * k, k, row + layout_.projected);
    std::span<const float> analysis;
    if (time.age > 0) {
      PODSCALE_ASSERT(analyses && then_, "an age of {} days without analyses", time.age);
      analysis = analyses->at(time.analysis).subspan(static_cast<std::size_t>(i % local * k), k);
      const long n = layout_.history - layout_.then;
      std::copy_n(cells_then.begin() + i * n, n, row + layout_.then);
    }
    tell(*reference_, layout_, time, analysis, std::span(row, static_cast<std::size_t>(width_)));
  }
  return rows;
}

void tell(const ReferenceForecast& reference, const ConditionLayout& layout, const TimeInputs& time,
          std::span<const float> analysis, std::span<float> row) {
  const Predictors& predictors = reference.predictors;
  if (const Regime& given = reference.regime(time.regime).given; !given.lags)
    for (std::size_t l = 0, n = layout.lr / std::max<long>(1, std::ssize(predictors.lags));
         l < predictors.lags.size(); ++l)
      if (predictors.lags[l] != 0) std::fill_n(row.begin() + static_cast<long>(l * n), n, 0.0f);
  if (time.age <= 0) return;
  std::copy(analysis.begin(), analysis.end(), row.begin() + layout.history);
  row[layout.age] = static_cast<float>(time.age / reference.ages.back());
}

ConditionSeries conditions_of(const LatentSpace& space, const FieldSource& lr, const Communicator& comm,
                              const FieldSource* past) {
  return {lr, space.basis(), space.reference(), comm, past};
}

}  // namespace podscale
