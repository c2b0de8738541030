#include "podscale/study/time_inputs.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"

namespace podscale {

InputChoice::InputChoice(const ReferenceForecast& reference, const SampleAxis& lr, const StepLength& step,
                         const Analyses* analyses, const SampleAxis* past)
    : reference_(&reference),
      lr_(&lr),
      lags_(lr, step),
      ages_(past ? *past : lr),
      analyses_(analyses) {}

bool InputChoice::has_lags(long step) const {
  const auto& lags = reference_->predictors.lags;
  return std::all_of(lags.begin(), lags.end(), [&](long lag) { return lags_.find(step, lag).has_value(); });
}

std::optional<TimeInputs> InputChoice::with_history(long step, double age, bool any) const {
  const auto regime = reference_->find({false, age});
  if (!analyses_ || !regime) return std::nullopt;
  const auto analysis = analyses_->find(*lr_, step, age), then = ages_.find(*lr_, step, age);
  if (!analysis || !then || !(any || analyses_->has(*analysis))) return std::nullopt;
  return TimeInputs{step, *regime, age, *then, *analysis};
}

TimeInputs InputChoice::without_history(long step) const {
  TimeInputs inputs{step};
  if (!has_lags(step)) {
    const auto regime = reference_->find({false, 0});
    PODSCALE_ASSERT(regime, "no regression without lags for {}", date_text((*lr_)[step].date));
    inputs.regime = *regime;
  }
  return inputs;
}

/// From the time that the forecast was made to the one that it is of.
double InputChoice::lead(long step) const {
  const Sample& sample = (*lr_)[static_cast<std::size_t>(step)];
  return days_between(lr_->calendar, sample.reference.value_or(sample.date), sample.date);
}

TimeInputs InputChoice::choose(long step, double delay) const {
  for (const double age : reference_->ages)
    if (age >= delay + lead(step) - 1e-6)
      if (const auto inputs = with_history(step, age)) return *inputs;
  return without_history(step);
}

bool InputChoice::lacks_past(long step, double delay) const {
  for (const double age : reference_->ages) {
    if (!analyses_ || age < delay + lead(step) - 1e-6) continue;
    const auto analysis = analyses_->find(*lr_, step, age);
    if (analysis && analyses_->has(*analysis) && !ages_.find(*lr_, step, age)) return true;
  }
  return false;
}

std::vector<StepPair> PeriodPairs::all() const {
  std::vector<StepPair> pairs = whole;
  pairs.insert(pairs.end(), lacking.begin(), lacking.end());
  std::sort(pairs.begin(), pairs.end(), [](const StepPair& x, const StepPair& y) { return x.a < y.a; });
  return pairs;
}

PeriodPairs pairs_of_period(const FieldSource& hr, const FieldSource& lr, const Period& period,
                            std::span<const long> lags, const StepLength& step) {
  if (!falls_back(lags)) return {steps_of_period(hr, lr, period, lags), {}};
  const LagFinder finder(lr.times(), step);
  PeriodPairs pairs;
  for (const StepPair& pair : steps_of_period(hr, lr, period))
    (std::all_of(lags.begin(), lags.end(), [&](long lag) { return finder.find(pair.b, lag).has_value(); })
         ? pairs.whole
         : pairs.lacking)
        .push_back(pair);
  if (pairs.lacking.empty()) return pairs;
  const std::string text = fmt::format(
      "{}: {} of {} times of {} lack a value at one of base.lags = {} (the first at {})", period.key,
      pairs.lacking.size(), pairs.whole.size() + pairs.lacking.size(), lr.describe(), fmt::join(lags, ", "),
      date_text(lr.times()[static_cast<std::size_t>(pairs.lacking.front().b)].date));
  if (pairs.whole.empty())
    throw Error(ExitCode::data, text + "; expected an LR series that holds the times before and after, too",
                true);
  log::info("{}: they serve the regression without lags alone", text);
  return pairs;
}

std::vector<long> wanted_analyses(const Analyses& analyses, const SampleAxis& lr, std::span<const long> steps,
                                  std::span<const double> ages) {
  std::set<long> wanted;
  for (const long step : steps)
    for (const double age : ages)
      if (const auto analysis = analyses.find(lr, step, age)) wanted.insert(*analysis);
  return {wanted.begin(), wanted.end()};
}

std::string inputs_text(const ReferenceForecast& reference, std::span<const TimeInputs> times) {
  std::vector<long> count(reference.regimes(), 0);
  for (const TimeInputs& time : times) ++count[time.regime];
  if (count[0] == std::ssize(times) && reference.ages.empty()) return "";
  std::vector<std::string> parts;
  for (std::size_t r = 0; r < count.size(); ++r)
    if (count[r] > 0) parts.push_back(fmt::format("{}: {}", reference.regime(r).given.text(), count[r]));
  return fmt::format("of {} times: {}", times.size(), fmt::join(parts, "; "));
}

}  // namespace podscale
