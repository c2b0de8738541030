#pragma once
// Calibration of a forecast on a validation period.

#include <vector>

#include "podscale/gaussian/condition.hpp"
#include "podscale/gaussian/forecast.hpp"

namespace podscale {

/// Collective. Runs the forecast on the steps twice: without inflation, for the factors of the three levels
/// (squared error over variance) and the coverage before; and with these, for one more factor that they
/// share, which minimises the CRPS, the coverage after and the conformal half widths. inflate = false: all
/// factors stay
/// 1. block: times in memory at once. The same bits at any number of ranks where the forecast's are.
Calibration calibrate(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                      const std::vector<StepPair>& validate, const ForecastFunction& forecast, bool inflate,
                      long block);

}  // namespace podscale
