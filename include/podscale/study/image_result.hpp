#pragma once
// The numbers of one downscaled image in a product, as written and read.

#include <string>
#include <utility>
#include <vector>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/mesh/plane.hpp"

namespace podscale {

/// Standard deviation of the means over boxes of side x side HR points, from the upper left.
struct BoxDeviation {
  idx_t side = 0;
  Plane std{};  ///< [ny / side][nx / side]
};

/// Planes in the file's own numbers, [HR] but for lr. truth: empty where there was no HR.
struct ImageResult {
  std::string name{}, file{};
  long slice = -1;
  double black = 0, white = 255;  ///< see ImagePair
  bool scored = true;
  Plane mean{}, std{}, lr{}, truth{};
  std::vector<Plane> members{};
  std::vector<BoxDeviation> boxes{};  ///< of sides that the image is large enough for
  /// Not collective. Planes with (v - black) / (white - black) * 255: the scale that scores are
  /// on.
  ImageResult on_grey_scale() const;
};

/// Not collective. A name of letters, digits, '-', '_' and '.', for variables.
std::string image_variable_name(const std::string& name);

/// Collective on the file's communicator, while it is defined; then put_image. Errors: io.
void define_image(NetcdfFile& file, const ImageResult& image);
void put_image(NetcdfFile& file, const ImageResult& image);
/// Collective on the file's communicator. The image of a product by its variable name;
/// with_values: false for what define_image asks for, the sides of planes alone. Errors: data.
ImageResult get_image(const NetcdfFile& file, const std::string& name, bool with_values = true);
/// Not collective. Variable names of all images of a product. Errors: data (no product of images).
std::vector<std::string> image_names(const NetcdfFile& file);

}  // namespace podscale
