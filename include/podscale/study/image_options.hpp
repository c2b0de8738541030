#pragma once
// Keys of the group &images: a study of images in place of one of time series.

#include <string>
#include <vector>

#include "podscale/field/image_set.hpp"
#include "podscale/gaussian/pooled_base.hpp"

namespace podscale {

struct ImageOptions {
  static constexpr std::size_t most_boxes = 8;
  std::vector<std::string> train_files{}, validate_files{}, test_files{};           ///< paths and globs
  std::vector<std::string> train_lr_files{}, validate_lr_files{}, test_lr_files{};  ///< degrade = 'files'
  Degrade degrade = Degrade::bicubic;
  int factor = 4;
  std::string directory{};  ///< output.image_directory: pictures of the product
  int patch = 8, halo = 3;  ///< images.patch (HR points), images.halo (LR cells)
  int modes = 0;            ///< of the residual; 0: all
  int shifts = 4;           ///< of the patch grid that a forecast is averaged over: 1, 2 or 4
  int contrast_classes = 17;
  std::vector<long> boxes{};  ///< sides: the product has the standard deviation of their means
  double tokens = 30e6;       ///< that training sees, at most
  int batch_tokens = 2048;
  int width = 128, layers = 4, blocks = 0;  ///< of the network: token-local layers, transformer blocks
  double rate = 1e-3;
  bool members = false;  ///< train the diffusion of members, too
  std::string source{};  ///< of the namelist, for messages
  bool active() const { return !train_files.empty() || !test_files.empty() || !test_lr_files.empty(); }
  WindowShape window() const { return {patch, factor, halo}; }
  /// Whether only LR images are given to downscale.
  bool lr_only() const { return test_files.empty() && !test_lr_files.empty(); }
};

class Namelist;
/// Not collective. Errors: usage, agreed (keys that do not go together).
ImageOptions image_options(const Namelist& namelist);

/// Not collective. What open_images is to open for training, validation, and downscaling. Of
/// volumes that are downscaled all slices. Errors: usage, agreed (no files).
ImageSetRequest train_images(const ImageOptions& options);
ImageSetRequest validate_images(const ImageOptions& options);
ImageSetRequest test_images(const ImageOptions& options);

}  // namespace podscale
