#pragma once
// What each time of a period is forecast from: which regime of the base, which analysis.

#include <string>
#include <vector>

#include "podscale/core/pairing.hpp"
#include "podscale/study/analyses.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Not collective. Chooses for one LR step at a time.
class InputChoice {
 public:
  /// lr: times; step: what a lag counts; all must outlive it. analyses: nullptr without. past:
  /// times of the LR series at the times of the analyses; nullptr: lr, which is one series then.
  InputChoice(const ReferenceForecast& reference, const SampleAxis& lr, const StepLength& step,
              const Analyses* analyses, const SampleAxis* past = nullptr);
  bool has_lags(long step) const;  ///< the LR series has a step at each
  /// The step told of an analysis of that age, one of the reference's; nullopt where there is
  /// none, or no LR step at its time. Only of those that were read: any = false.
  std::optional<TimeInputs> with_history(long step, double age, bool any = false) const;
  /// The step without history: all lags, else the LR series at the time alone.
  TimeInputs without_history(long step) const;
  /// The youngest analysis that is there `delay` days after its time, by the reference time of the
  /// step or by the time itself; else without history.
  TimeInputs choose(long step, double delay) const;
  /// Whether choose() would tell of an analysis, had the LR series a step at its time.
  bool lacks_past(long step, double delay) const;

 private:
  double lead(long step) const;
  const ReferenceForecast* reference_;
  const SampleAxis* lr_;
  LagFinder lags_;
  AgeFinder ages_;
  const Analyses* analyses_;
};

/// The pairs of a period.
struct PeriodPairs {
  std::vector<StepPair> whole;    ///< with all lags
  std::vector<StepPair> lacking;  ///< for the regression without lags
  std::vector<StepPair> all() const;  ///< in order
};
/// Collective. As steps_of_period; what lacks a lag is counted aloud. Where the base does not fall
/// back it is left out.
PeriodPairs pairs_of_period(const FieldSource& hr, const FieldSource& lr, const Period& period,
                            std::span<const long> lags, const StepLength& step = {});

/// Not collective. All analyses that these steps could be told of, ascending.
std::vector<long> wanted_analyses(const Analyses& analyses, const SampleAxis& lr, std::span<const long> steps,
                                  std::span<const double> ages);

/// Not collective. "" where all times are told the same of LR and there is no history; else one
/// line: how many times are told what.
std::string inputs_text(const ReferenceForecast& reference, std::span<const TimeInputs> times);

}  // namespace podscale
