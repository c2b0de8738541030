#pragma once
// Images as samples: pictures, axial slices of a volume, or stacks in NetCDF. Each has a size of its
// own, no time, no climatology and no gaps.

#include <memory>
#include <string>
#include <vector>

#include "podscale/mesh/plane.hpp"

namespace podscale {

/// How LR images are made from HR ones.
enum class Degrade { files, bicubic, block, kspace };

/// One sample. Sides of hr are the factor times those of lr: HR is cut to whole LR cells first.
struct ImagePair {
  std::string name{};  ///< of its products: the stem of the file, and the slice where there are many
  std::string file{};  ///< that it was read from
  long slice = -1;     ///< of a volume or a stack; -1: the file is one image
  Plane hr{};          ///< luma or grey; empty where only LR is given
  Plane lr{};          ///< the same of LR
  Plane cb{}, cr{};    ///< chroma of LR; empty where the image is grey
  double range = 255;  ///< the value of white: what PSNR and SSIM are relative to
};

struct ImageSetRequest {
  std::vector<std::string> files{};     ///< paths and globs
  std::vector<std::string> lr_files{};  ///< degrade = files: one for each HR file, in the same order
  Degrade degrade = Degrade::bicubic;
  int factor = 4;
  bool lr_only = false;   ///< the files are LR images: there is no HR
  std::string purpose{};  ///< "training", ...: for messages
};

/// The images of a list of files. Not collective: every process reads the images that it works on.
class ImageSet {
 public:
  virtual ~ImageSet() = default;
  virtual idx_t size() const = 0;
  /// Name and file of an image, without reading its values.
  virtual const std::string& name(idx_t i) const = 0;
  virtual const std::string& file(idx_t i) const = 0;
  /// Errors: data (with file and cause), no_input.
  virtual ImagePair read(idx_t i) const = 0;
};

/// Not collective. Looks at the headers of all files. Errors: usage, no_input, data.
std::unique_ptr<ImageSet> open_images(const ImageSetRequest& request);

}  // namespace podscale
