#pragma once
// Keys of the group &images: a study of images in place of one of time series.

#include <string>
#include <vector>

#include "podscale/field/image_set.hpp"

namespace podscale {

struct ImageOptions {
  std::vector<std::string> train_files{}, validate_files{}, test_files{};           ///< paths and globs
  std::vector<std::string> train_lr_files{}, validate_lr_files{}, test_lr_files{};  ///< degrade = 'files'
  Degrade degrade = Degrade::bicubic;
  int factor = 4;
  std::string directory{};  ///< output.image_directory: pictures of the product
  int patch = 8, halo = 3;  ///< images.patch (HR points), images.halo (LR cells)
  int modes = 0;            ///< of the residual; 0: all
  int shifts = 4;           ///< of the patch grid that a forecast is averaged over: 1, 2 or 4
  int contrast_classes = 17;
  double tokens = 30e6;  ///< that training sees, at most
  int batch_tokens = 2048;
  int width = 128, layers = 4, blocks = 0;  ///< of the network: token-local layers, transformer blocks
  double rate = 1e-3;
  bool members = false;  ///< train the diffusion of members, too
  bool active() const { return !train_files.empty() || !test_files.empty(); }
};

}  // namespace podscale
