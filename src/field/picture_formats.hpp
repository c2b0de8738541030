#pragma once
// What reads one format of picture each. Not collective; errors as of read_picture.

#include <string>

#include "podscale/field/picture_file.hpp"

namespace podscale {

Picture read_png(const std::string& path);
Picture read_jpeg(const std::string& path);
Picture read_tiff(const std::string& path);
Picture read_bmp(const std::string& path);

/// Refuses sides that cannot be.
void require_sides(const std::string& path, long long ny, long long nx);

/// From red, green, blue and alpha (of 4 bands, white where opaque) to the first three, or from
/// grey and alpha. Refuses transparent points, whose colour is nobody's to know.
void drop_alpha(const std::string& path, Picture& picture);

/// From bands that are alike to grey.
void keep_first_band(Picture& picture);

}  // namespace podscale
