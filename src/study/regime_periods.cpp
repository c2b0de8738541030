#include "podscale/study/regime_periods.hpp"

#include <algorithm>

namespace podscale {

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
  const long n = layout.history - layout.then, lag_now = [&] {
    const auto& lags = reference.predictors.lags;
    return std::find(lags.begin(), lags.end(), 0) - lags.begin();
  }();
  EncodedPeriod part;
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
    part.samples.push_back(period.samples[t]);
    part.year_phase.push_back(period.year_phase[t]);
    part.time_key.push_back(period.time_key[t]);
    const auto a = period.a(t, 1);
    part.coefficients.insert(part.coefficients.end(), a.begin(), a.end());
    if (!period.seen.empty()) {
      const auto drawn = period.draw(t, 1);
      part.drawn.insert(part.drawn.end(), drawn.begin(), drawn.end());
      for (std::size_t p = 0; p < local; ++p)
        part.seen.push_back(static_cast<float>(period.share_seen(t, p)));
    }
    const auto c = period.c(t, 1);
    part.conditions.insert(part.conditions.end(), c.begin(), c.end());
    const std::span<float> rows = std::span(part.conditions).last(c.size());
    for (std::size_t p = 0; p < local; ++p) {
      const auto row = rows.subspan(p * width, width);
      std::span<const float> analysis;
      if (given.has_history()) {
        const auto from = then.period->c(then.sample, 1).subspan(p * width + lag_now * n, n);
        std::copy(from.begin(), from.end(), row.begin() + layout.then);
        analysis = analyses_->at(inputs.analysis).subspan(p * k, k);
      }
      tell(reference, layout, inputs, analysis, row);
    }
  }
  return part;
}

}  // namespace podscale
