#pragma once
// Whether the LR and the HR series of a training tell of the same events at the same dates: a
// free-running model shares its calendar with the observations, and nothing else (doc/method.md: 7).

#include <span>
#include <string>
#include <vector>

#include "podscale/stat/correlation.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// How the means over the region of both series go together, season and trend taken off.
struct PairedMeans {
  Correlation anomalies, innovations;  ///< of the means, and of what each time adds to the one before
  Correlation hr_late, lr_late;        ///< innovations of one series and, a time before, of the other
  /// Neither is above zero, and both would be if the series told of the same events: a short series
  /// does not say so.
  bool unrelated() const;
  /// 1: HR tells a time late of what LR tells, -1: LR does; 0: neither clearly goes better with the other
  /// a time away.
  int shifted() const;
};
/// Not collective. Of two series of means at the same times; phases of the year in [0, 1), times in years.
PairedMeans compare_means(std::vector<double> hr, std::vector<double> lr, const std::vector<double>& phases,
                          const std::vector<double>& years);

/// Collective. For each variable; of the means over all HR points with values, and over the LR cells
/// that hold them. The same bits at any number of ranks.
std::vector<PairedMeans> compare_series(const StudySeries& study, const std::vector<StepPair>& pairs,
                                        const StudyYear& year);

/// Collective. Error(data) where no variable of the two is related, or where they are a time apart, with
/// what to do instead; with data.doubts = 'accept' a warning. lags: of the base; a time apart that they
/// hold is a warning.
void require_paired(const DataOptions& options, const StudySeries& study, const std::vector<StepPair>& pairs,
                    const StudyYear& year, std::span<const long> lags = {});

}  // namespace podscale
