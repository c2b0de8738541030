#pragma once
// Calibration of a forecast on a validation period.

#include <functional>
#include <vector>

#include "podscale/gaussian/forecast.hpp"
#include "podscale/study/encoded_period.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// The two parts of data.validate. What is fitted or chosen on one may be measured on the other.
struct ValidationParts {
  std::vector<StepPair> choosing;  ///< penalty, season, weights, inflation
  std::vector<StepPair> held_out;  ///< coverage, conformal half widths
};
/// Not collective. Of each stretch of about four months the last `share` is held out, every second
/// year the first one, so that both parts see the seasons and times that are alike stay together;
/// a shorter period is one stretch. Error(data), the same on every rank, where there is only one
/// time.
ValidationParts split_validation(const SampleAxis& axis, const std::vector<StepPair>& validate, double share);

/// Collective. The inflation from the times `choosing`: the forecast without it gives the factors
/// of the three levels, and of every mode (squared error over variance), and with these one more
/// factor that they share, which minimises the CRPS; with hold_90 the one whose central 90 %
/// interval holds as much of `choosing`. Then coverage and conformal half widths from
/// the times `held_out`, without and with it: a network need not pass a wider start noise on by
/// the same factor. Both as encoded by the space. Inflate::none: all factors stay 1. block: times
/// in memory at once. should_stop (optional): asked before each block; where it is true on any
/// rank, Error(requeue) on all. gaps (optional): HR may lack values. Errors at points are those of
/// the values that are there; in the levels a patch counts, at a time, by the fourth power of the
/// share of its values that are there: nearly whole ones decide. The same bits at any number of
/// ranks where the forecast's are.
Calibration calibrate(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                      const EncodedPeriod& choosing, const EncodedPeriod& held_out,
                      const ForecastFunction& forecast, Inflate inflate,
                      long block, const std::function<bool()>& should_stop = {},
                      const GapFiller* gaps = nullptr, bool hold_90 = false);

}  // namespace podscale
