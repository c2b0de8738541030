#pragma once
// One image of one file, whatever its format, as luma and chroma on the scale of 0 to 255.

#include <optional>
#include <string>

#include "podscale/field/image_set.hpp"
#include "podscale/field/volume_file.hpp"

namespace podscale {

/// Numbers of a file that are 0 and 255.
struct GreyScale {
  double black = 0, white = 255;
  float operator()(float value) const {
    return static_cast<float>((static_cast<double>(value) - black) / (white - black) * 255);
  }
};

struct Image {
  Plane luma{}, cb{}, cr{};  ///< cb and cr empty where grey
  GreyScale scale{};
  bool bytes = false;  ///< whole numbers
};

enum class ImageFormat { picture, stack, volume };

/// Not collective. By the first bytes. What is none of the three counts as a picture: reading it
/// says what was expected. Errors: as of require_regular_file.
ImageFormat image_format(const std::string& path);

/// Reads files and keeps the last volume. Not collective. Errors: no_input, data (also a volume of
/// which white would not be above black).
class ImageReader {
 public:
  /// Slices of a volume or a stack; -1: the file is one image.
  long slices(const std::string& path);
  /// scale: where the file is on that of another.
  Image read(const std::string& path, long slice, const std::optional<GreyScale>& scale = {});

 private:
  const Volume& volume(const std::string& path);
  std::string volume_path_, scale_path_;
  Volume volume_;
  GreyScale scale_;  // of scale_path_
};

}  // namespace podscale
