#pragma once
// The images of a list as fits, calibrations and networks read them.

#include "podscale/field/image_set.hpp"
#include "podscale/gaussian/pooled_fit.hpp"

namespace podscale {

/// Not collective. images must outlive the result. Its read throws Error(data) where there is no HR.
PlaneSeries planes_of(const ImageSet& images);

}  // namespace podscale
