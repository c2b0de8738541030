#pragma once
// Images as samples: pictures, axial slices of a volume, or stacks in NetCDF. Each has a size of
// its own, no time, no climatology and no gaps.

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
  /// What 0 and `range` are in the file's own numbers: planes hold (file - black) / (white -
  /// black) * range. 0 and 255 in pictures of 8 bits, 0 and 65535 in those of 16, 0 and the 99.9 %
  /// quantile in volumes, the least and the largest number in all other pictures and in stacks.
  double black = 0, white = 255;
  bool scored = true;  ///< of volumes: more than 20 % of the slice's points are above 20
};

struct ImageSetRequest {
  std::vector<std::string> files{};     ///< paths and globs
  std::vector<std::string> lr_files{};  ///< degrade = files: one for each HR file, in the same order
  Degrade degrade = Degrade::bicubic;
  int factor = 4;
  bool lr_only = false;  ///< the files are LR images: there is no HR
  /// Of volumes: without, those slices only of which more than 20 % of the points are above 20, as
  /// networks are trained and judged. A product wants all.
  bool all_slices = false;
  std::string purpose{};  ///< "training", ...: for messages
};

/// The images of a list of files. Not collective: every process reads the images that it works on.
/// Not for several threads at once: the last volume is kept.
class ImageSet {
 public:
  virtual ~ImageSet() = default;
  virtual idx_t size() const = 0;
  /// Name and file of an image, without reading its values.
  virtual const std::string& name(idx_t i) const = 0;
  virtual const std::string& file(idx_t i) const = 0;
  /// Whether it is a slice of a volume, without reading its values.
  virtual bool of_volume(idx_t i) const = 0;
  /// degrade = files: the LR file beside it; "": there is none.
  virtual const std::string& lr_file(idx_t i) const = 0;
  /// Errors: data (with file and cause), no_input.
  virtual ImagePair read(idx_t i) const = 0;
};

/// Not collective. Name of a file without folder and ending (.gz and the one before it): products
/// are named after it.
std::string image_stem(const std::string& path);

/// Not collective. Pictures (picture_file.hpp), NIfTI volumes as axial slices, and stacks in
/// NetCDF: the only variable of (image, y, x), or of (y, x). Colour becomes luma, cb and cr of
/// BT.601 (luma 16 to 235), rounded where the file has 8 bits, and so do LR images that are made
/// of it. LR files have as many slices as HR files. Reads volumes, looks at the first bytes of all
/// else. Errors: usage, no_input, data.
std::unique_ptr<ImageSet> open_images(const ImageSetRequest& request);

}  // namespace podscale
