#pragma once
// Files of pictures: PNG, JPEG, BMP, TIFF and GeoTIFF. They are known by their first bytes,
// whatever they are called.
//
// By libpng, libjpeg and libtiff, not by GDAL: the latter links a second NetCDF library, with the
// same unversioned names as the parallel one of podscale, and a second HDF5.

#include <string>
#include <vector>

#include "podscale/core/view.hpp"

namespace podscale {

struct Picture {
  idx_t ny = 0, nx = 0;
  int bands = 1;        ///< 1: grey, 3: red, green, blue
  bool bytes = true;    ///< whole numbers of 0 to 255
  bool floats = false;  ///< of any range, as are signed numbers and those of 32 bits; without, black is 0
  double white = 255;   ///< the largest number of the type, where not floats
  std::vector<float> values{};  ///< [ny][nx][bands], the upper row first
};

/// Points of the largest picture that is read: beyond it is cut into parts, or its header is
/// wrong.
inline constexpr idx_t most_picture_points = 100'000'000;

/// Not collective. Errors: no_input; data (no picture, damaged or cut short, transparent points,
/// CMYK, several pages, too large); usage (podscale was built without pictures).
Picture read_picture(const std::string& path);

/// Not collective. Whether the first bytes of the file are those of a picture.
bool is_picture(const std::string& path);

/// Not collective. Whether this build reads and writes PNG, JPEG and TIFF.
bool pictures_available();

/// Not collective. 8 bits, 1 or 3 bands; values are rounded and cut to 0..255. text: what a reader
/// is to know, as the PNG's Description; "": none. Written by the one routine of files
/// (output_file.hpp). Errors: io; usage (built without pictures).
void write_png(const std::string& path, const Picture& picture, const std::string& text);

}  // namespace podscale
