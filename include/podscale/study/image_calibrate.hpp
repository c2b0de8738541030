#pragma once
// What validation images say of the standard deviations of a forecast (method: images).

#include <string>
#include <vector>

#include "podscale/gaussian/pooled_fit.hpp"
#include "podscale/study/image_forecast.hpp"

namespace podscale {

/// Collective on comm. For 1, 2 and 4 grids, as far as the shape allows them: the level of the
/// least mean CRPS, and the half widths that hold half and 90 % of the points. Images are dealt
/// over ranks; the same bits at any number. Errors: data (no image), and those of read.
std::vector<ImageCalibration> calibrate_images(const Communicator& comm, const PooledBase& base,
                                               const WindowNetwork* network, const PlaneSeries& validation);

/// Not collective. That of so many grids. Errors: usage (none).
const ImageCalibration& calibration_of(const std::vector<ImageCalibration>& all, const WindowShape& shape,
                                       int shifts);

/// Not collective. One line for the log; range: the unit of what is said.
std::string calibration_text(const ImageCalibration& calibration, double range);

}  // namespace podscale
