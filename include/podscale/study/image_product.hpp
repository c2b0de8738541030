#pragma once
// What is written of downscaled images: pictures beside one file of all numbers.
//
// product.nc: of every image the variables <name>_mean, <name>_std, <name>_lr, <name>_truth (where
// there is HR), <name>_members and <name>_std_box_<n>, each with dimensions of its own, as images
// differ in size. Numbers are those of the input: luma of pictures, the voxels' own numbers of
// volumes.

#include <memory>
#include <string>
#include <vector>

#include "podscale/field/image_set.hpp"
#include "podscale/parallel/communicator.hpp"
#include "podscale/study/image_result.hpp"

namespace podscale {

/// Of one image, on the scale of the pair (0 to range), of the HR size.
struct ImageForecast {
  Plane mean{}, std{};
  std::vector<Plane> members{};  ///< may be empty
  std::vector<BoxDeviation> boxes{};
};

struct ImageProductRequest {
  std::string file{};       ///< product.nc
  std::string directory{};  ///< of the pictures; "": none are written
  int factor = 4;
  int members = 0;
  bool hr = true;  ///< whether the images have HR: then it is written as truth
  /// What the forecasts follow from (checksums of basis and model, sampling, members): an image
  /// that was finished under the same text is not done again.
  std::string origin{};
  double conformal50 = 0, conformal90 = 0;  ///< half widths in standard deviations; 0: none
  std::string method{};                     ///< "base", "network", ...: for who reads the file
  std::string namelist{};                   ///< effective options, stored as text
};

/// Every image is finished once it was added: its numbers are in a part file,
/// <product>.parts/<name>.nc, until finish() makes the product of all parts and removes them. A
/// run that is stopped goes on after the last finished image.
class ImageProduct {
 public:
  /// Collective on comm, which must outlive it, as must images. Touches no file. Errors: usage
  /// (two images of one name, a product that is an input).
  ImageProduct(const Communicator& comm, const ImageProductRequest& request, const ImageSet& images);
  ImageProduct(ImageProduct&&) noexcept;
  ~ImageProduct();
  /// Collective. Whether an earlier run made the whole product of the same images, basis, model
  /// and options, and its pictures are there.
  bool complete() const;
  /// Collective, with the lock of the product. Makes the folders. Errors: io.
  void begin();
  /// Collective, with the lock of the product. Removes the parts.
  void remove_parts();
  /// The folder of the parts.
  const std::string& parts() const;
  /// Not collective, after begin(). Whether image i needs no forecast. What is older than the
  /// product was left behind it by a run that was killed, and does not count.
  bool finished(idx_t i) const;
  /// Not collective: the rank that made the forecast. Writes <name>_mean.png, <name>_std.png (4
  /// steps of grey for 1 of 255, stated in the file), <name>_member_<m>.png, and the part. In
  /// colour with Cb and Cr by bicubic. Of a volume, finish() writes NIfTI instead. Errors: io.
  void add(idx_t i, const ImagePair& pair, const ImageForecast& forecast);
  /// Collective, when all images are finished. Writes the product, and of volumes
  /// <stem>_mean.nii.gz, <stem>_std.nii.gz, <stem>_member_<m>.nii.gz with the affine of the input.
  /// Errors: io.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podscale
