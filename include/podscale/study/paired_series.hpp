#pragma once
// Whether the LR and the HR series of a training tell of the same events at the same dates: a
// free-running model shares its calendar with the observations, and nothing else (doc/method.md:
// 7).

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/stat/correlation.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Innovations of both series go together best where HR tells `late` times late of what LR tells.
struct TimesApart {
  int late = 0;
  Correlation there, instead;  ///< so far apart, and where they are compared with
  /// Not collective. There rather than instead, by so many standard errors of Fisher's z; 0 where
  /// r is below `least`, or not much higher than instead.
  double clear(double least) const;
};
/// How the means over the region of both series go together, season and trend taken off.
struct PairedMeans {
  Correlation anomalies, innovations;  ///< of the means, and of what each time adds to the one before
  TimesApart whole;       ///< of all times, late != 0; instead: as paired
  TimesApart begin, end;  ///< of the first and the last third or 1000 times; instead: as the other part is
  static constexpr double sure = 4;  ///< standard errors
  /// Not collective. Neither is above zero, and both would be if the series told of the same
  /// events: a short series does not say so.
  bool unrelated() const;
  /// Not collective. So many times HR tells late of what LR tells; below 0: LR does; 0: neither
  /// clearly goes better with the other some times away.
  int shifted() const { return whole.clear(0.5) >= sure ? whole.late : 0; }
  /// Not collective. Whether the first and the last times are clearly apart by other times:
  /// together as sure as whole must be. A day more in the middle of a part halves r, so that less
  /// is asked of it.
  bool drifts() const;
};
/// Not collective. Of two series of means at the same times; phases of the year in [0, 1), times
/// in years. Up to 31 times apart are searched, at most an eighth of the times; of steps below a
/// day one, and no drift.
PairedMeans compare_means(std::vector<double> hr, std::vector<double> lr, const std::vector<double>& phases,
                          const std::vector<double>& years);

/// Collective. For each variable; of the means over all HR points with values, and over the LR
/// cells that hold them. The same bits at any number of ranks.
std::vector<PairedMeans> compare_series(const StudySeries& study, const std::vector<StepPair>& pairs,
                                        const StudyYear& year);

/// Collective. Error(data) where no variable of the two is related, or where they are some times
/// apart or drift apart, with what to do instead; with data.doubts = 'accept' a warning. lags: of
/// the base, in steps of LR; where they hold the times apart, or are still to be chosen (nullopt),
/// it is a warning.
void require_paired(const DataOptions& options, const StudySeries& study, const std::vector<StepPair>& pairs,
                    const StudyYear& year, std::optional<std::span<const long>> lags = std::span<const long>{});

}  // namespace podscale
