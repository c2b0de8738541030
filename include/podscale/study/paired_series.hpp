#pragma once
// Whether the LR and the HR series of a training tell of the same events at the same dates: a
// free-running model shares its calendar with the observations, and nothing else (doc/method.md: 7).

#include <string>
#include <vector>

#include "podscale/stat/correlation.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// How the means over the region of both series go together, season and trend taken off.
struct PairedMeans {
  Correlation anomalies, innovations;  ///< of the means, and of what each time adds to the one before
  /// Neither is above zero, and both would be if the series told of the same events: a short series
  /// does not say so.
  bool unrelated() const;
};
/// Not collective. Of two series of means at the same times; phases of the year in [0, 1), times in years.
PairedMeans compare_means(std::vector<double> hr, std::vector<double> lr, const std::vector<double>& phases,
                          const std::vector<double>& years);

/// Collective. For each variable; of the means over all HR points with values, and over the LR cells
/// that hold them. The same bits at any number of ranks.
std::vector<PairedMeans> compare_series(const StudySeries& study, const std::vector<StepPair>& pairs,
                                        const StudyYear& year);

/// Collective. Error(data) where no variable of the two is related, with what to do instead; with
/// data.doubts = 'accept' a warning.
void require_paired(const DataOptions& options, const StudySeries& study, const std::vector<StepPair>& pairs,
                    const StudyYear& year);

}  // namespace podscale
