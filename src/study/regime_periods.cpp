#include "podscale/study/regime_periods.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/stage.hpp"

namespace podscale {

Analyses encoded_analyses(const Communicator& comm, const Basis& basis, const StudySeries& study,
                          const FieldSource* history, std::span<const double> ages,
                          std::initializer_list<const EncodedPeriod*> periods, long block) {
  const Stage stage(StageId::encode);
  Analyses analyses(history ? *history : study.hr, basis);
  std::vector<long> steps;
  for (const EncodedPeriod* period : periods)
    for (std::size_t t = 0; t < period->size(); ++t) {
      steps.push_back(period->samples[t].b);
      if (!history) analyses.add(period->samples[t].a, period->a(t, 1));
    }
  if (history) analyses.read(comm, wanted_analyses(analyses, study.lr.times(), steps, ages), block);
  return analyses;
}

void require_times(const Regime& given, std::size_t train, std::size_t choosing, std::size_t held_out) {
  if (train >= 2 && choosing > 0 && held_out > 0) return;
  throw Error(ExitCode::data,
              fmt::format("history.ages: {}: {} times of data.train and {} of data.validate ({} of them held "
                          "out) have such an analysis and an LR field at its time; expected some of all: give "
                          "analyses of both periods (history.files), longer periods or other ages",
                          given.text(), train, choosing + held_out, held_out),
              true);
}

RegimePeriods::RegimePeriods(const LatentSpace& space, const SampleAxis& lr, const Analyses* analyses)
    : space_(&space),
      analyses_(analyses),
      choice_(space.reference(), lr, space.basis().lr_step, analyses) {}

void RegimePeriods::add(const EncodedPeriod& period) {
  for (std::size_t t = 0; t < period.size(); ++t) of_lr_.emplace(period.samples[t].b, Place{&period, t});
}

EncodedPeriod RegimePeriods::of(std::size_t regime, const EncodedPeriod& period) const {
  const ReferenceForecast& reference = space_->reference();
  const Regime& given = reference.regime(regime).given;
  const Basis& basis = space_->basis();
  const ConditionLayout layout = reference.layout(basis);
  const std::size_t local = basis.patches.mine.size(), width = layout.width, k = basis.modes;
  const long n = layout.history - layout.then;
  EncodedPeriod part;
  part.coefficients.reserve(period.coefficients.size());
  part.conditions.reserve(period.conditions.size());
  for (std::size_t t = 0; t < period.size(); ++t) {
    TimeInputs inputs{period.samples[t].b, regime};
    Place then{};
    if (given.has_history()) {
      const auto found = choice_.with_history(inputs.step, given.age);
      if (!found || !of_lr_.contains(found->then)) continue;
      inputs = *found;
      then = of_lr_.at(inputs.then);
    } else if (given.lags && !choice_.has_lags(inputs.step)) {
      continue;
    }
    append_time(part, period, t, local);
    const std::span<float> rows = std::span(part.conditions).last(local * width);
    for (std::size_t p = 0; p < local; ++p) {
      const auto row = rows.subspan(p * width, width);
      std::span<const float> analysis;
      if (given.has_history()) {
        const auto from = then.period->c(then.sample, 1).subspan(p * width + static_cast<std::size_t>(layout.now), n);
        std::copy(from.begin(), from.end(), row.begin() + layout.then);
        analysis = analyses_->at(inputs.analysis).subspan(p * k, k);
      }
      tell(reference, layout, inputs, analysis, row);
    }
  }
  return part;
}

}  // namespace podscale
