#pragma once
// The images of a list as fits, calibrations and networks read them.

#include <string>

#include "podscale/field/image_set.hpp"
#include "podscale/gaussian/pooled_fit.hpp"

namespace podscale {

/// Not collective. images must outlive the result. Its read throws Error(data) where there is no
/// HR.
PlaneSeries planes_of(const ImageSet& images);

/// Not collective. An image that chooses penalty, weights and intervals must not be one that was
/// fitted, by whatever path or link it is named. Errors: usage.
void require_other_files(const ImageSet& training, const ImageSet& validation);

/// Not collective. Throws where the file that is to be written is one of the images. Errors:
/// usage.
void require_no_image(const ImageSet& images, const std::string& output);

}  // namespace podscale
