#pragma once
// Which HR points are water where some have values at a part of the training times only, and what
// their climatology is (method: section 1.4).

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "podscale/pod/basis.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

struct HrPoints {
  std::vector<unsigned char> ocean;  ///< [window points]
  std::vector<unsigned char> gaps;   ///< [window points] ocean with a gap at some training time
  long with_gaps = 0;                ///< of the region
};
/// Collective. Of the window of the basis, whose mesh must be set: points with values at the share
/// `least` of the steps, and where they have gaps at four times as many as a climatology has
/// coefficients. Says aloud what is kept, what is missing there and what becomes land. Errors:
/// data (no point is left).
HrPoints choose_points(const Communicator& comm, const FieldSource& hr, const Basis& basis,
                       std::span<const long> steps, double least, int harmonics);

/// Collective. Coefficients of basis.hr_climatology at points with gaps: those of the interpolated
/// LR series, from all times, plus a fit to what HR differs from it by, from the times at which HR
/// is there. lr, lr_climatology: of the same basis.
void fit_gappy_climatology(const Communicator& comm, const StudySeries& study, const HrPoints& points,
                           const InterpolatedSeries& lr, const std::vector<StepPair>& pairs, long block,
                           Basis& basis);

/// Collective. Values of HR that are missing at ocean points of the basis at these pairs, said
/// aloud under the name of their period. Errors: data (all are).
long count_gaps(const Communicator& comm, const StudySeries& study, const Basis& basis,
                std::initializer_list<std::span<const StepPair>> parts, const std::string& name);

}  // namespace podscale
