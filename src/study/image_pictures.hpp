#pragma once
// The pictures of downscaled images: PNG, and NIfTI of volumes.

#include <string>
#include <vector>

#include "podscale/study/image_product.hpp"
#include "podscale/study/image_result.hpp"

namespace podscale {

/// Not collective. <name>_mean.png, <name>_std.png and <name>_member_<m>.png in the folder.
/// Errors: io, usage (built without pictures).
void write_pictures(const std::string& folder, const ImagePair& pair, const ImageForecast& forecast);

/// Not collective. <stem>_mean.nii.gz, <stem>_std.nii.gz and <stem>_member_<m>.nii.gz of the
/// volume that the images are slices of; slices that are not among them are 0. stem: with its
/// folder. refined: see write_volume. Errors: as of read_volume, io.
void write_volumes(const std::string& stem, const std::string& volume_file, int refined,
                   const std::vector<ImageResult>& slices);

}  // namespace podscale
