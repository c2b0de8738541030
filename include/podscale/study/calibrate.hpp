#pragma once
// Calibration of a forecast on a validation period.

#include <functional>
#include <vector>

#include "podscale/gaussian/forecast.hpp"
#include "podscale/study/encoded_period.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Collective. Runs the forecast on the period, as encoded by the space, three times: without inflation, for
/// the factors of the three levels, and of every mode (squared error over variance), and the coverage before;
/// with these, for one more factor that they share, which minimises the CRPS; and with the product, for the
/// coverage after and the conformal half widths: a network need not pass a wider start noise on by the same
/// factor. Inflate::none: once, and all factors stay 1. block: times in memory at once. should_stop
/// (optional): asked before each block; where it is true on any rank, Error(requeue) on all. The same bits at
/// any number of ranks where the forecast's are.
Calibration calibrate(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                      const EncodedPeriod& validate, const ForecastFunction& forecast, Inflate inflate,
                      long block, const std::function<bool()>& should_stop = {});

}  // namespace podscale
