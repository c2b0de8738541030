#pragma once
// What so many training times can carry: with fewer than a year, or than a few times a
// coefficient, curves and modes fit the times that were seen and nothing else.

#include "podscale/gaussian/calibration.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Not collective, the same on every rank. The options with what `train` cannot carry lowered,
/// each with a warning:
/// - basis.harmonics: at least four times a coefficient; and where data.train spans less than a
///   year (a season of many years may be all that is wanted), the error of the curve in the part
///   of the year without a time at most three times that of one that sees all of it;
/// - patches.modes: at most half of the times that the climatology leaves. With more, what the
///   modes leave out looks like nothing on the training times. (Shared modes see many patches a
///   time.)
/// Errors: data (one or two times).
BasisOptions carried_by(const BasisOptions& asked, const StudySeries& study,
                        const std::vector<StepPair>& train);

/// Not collective, the same on every rank. Judges a calibration: a variance that data.validate has
/// to raise more than ten times is a warning, more than a hundred times an Error(data).
void judge_inflation(const Calibration& calibration, std::size_t training_times, int modes);

}  // namespace podscale
