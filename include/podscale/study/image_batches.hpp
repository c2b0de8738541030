#pragma once
// Windows of training images, drawn anew at every step: from any LR offset, in all eight turns.

#include <cstdint>
#include <vector>

#include "podscale/gaussian/pooled_base.hpp"
#include "podscale/network/window_training.hpp"

namespace podscale {

/// An image and its LR, both over the image's range.
struct ScaledPair {
  Plane hr{}, lr{};
};

class ImageBatches {
 public:
  /// Not collective. Tiles of side x side patches; base must outlive it. Error(data) where no
  /// image is as large as a tile.
  ImageBatches(std::vector<ScaledPair> images, const PooledBase& base, int side, std::uint64_t seed);
  /// Not collective. A WindowDraw: every place of every image is as likely as any other.
  WindowSamples draw(long step, idx_t first, idx_t count) const;
  /// Places where a tile may begin, over all images.
  idx_t places() const { return places_.back(); }

 private:
  std::vector<ScaledPair> images_;
  const PooledBase& base_;
  int side_;
  std::uint64_t seed_;
  std::vector<idx_t> places_;  // in the images before each, and in all
  std::vector<std::vector<idx_t>> turned_tile_, turned_window_, turned_patch_;
};

}  // namespace podscale
