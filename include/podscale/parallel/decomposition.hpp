#pragma once
// Who owns what. Ranks own rectangles of patches; a patch is never split:
//
//      rank grid 2 x 2 over 5 x 4 patches    (an idle rank, where there are more ranks than patches,
//                                             owns an empty rectangle)
//      +-------+-----+
//      | 2 2 2 | 3 3 |   ^ y
//      | 2 2 2 | 3 3 |   |
//      +-------+-----+   |
//      | 0 0 0 | 1 1 |   |
//      | 0 0 0 | 1 1 |   +-----> x
//      +-------+-----+
//
// Everything else that needs to know an owner asks this class.

#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/parallel/window.hpp"

namespace podscale {

struct PatchRange {
  long y0 = 0, ny = 0, x0 = 0, nx = 0;  ///< in patches
};

class Decomposition {
 public:
  /// Not collective: every rank computes the same. patch_y x patch_x grid points a patch (edge
  /// patches may be smaller).
  Decomposition(long ny, long nx, long patch_y, long patch_x, int ranks);
  /// Not collective. Ranks own whole rows of patches instead, `strip` of them at a time.
  static Decomposition of_rows(long ny, long nx, long patch_y, long patch_x, int ranks, long strip);

  long ny() const { return ny_; }
  long nx() const { return nx_; }
  long patches_y() const { return patches_y_; }
  long patches_x() const { return patches_x_; }
  long patches() const { return patches_y_ * patches_x_; }
  PatchRange patches_of(int rank) const;
  Window window_of(int rank) const;  ///< grid points of the rank's rectangle
  int owner(long patch) const;       ///< patch = row * patches_x + column
  long patch_at(long y, long x) const { return y / patch_y_ * patches_x_ + x / patch_x_; }
  Window patch_window(long patch) const;         ///< grid points of a patch, in the whole grid
  std::vector<long> patch_list(int rank) const;  ///< ascending
  /// A chunk shape (y, x) of a file: no two ranks share a chunk, unless that would take more than
  /// 2^20 points a chunk, or fewer than 1024.
  std::vector<std::size_t> chunk_shape() const;

 private:
  long ny_, nx_, patch_y_, patch_x_, patches_y_, patches_x_;
  long strip_ = 1;  // rows of patches that stay together
  int ranks_y_ = 1, ranks_x_ = 1;
};

}  // namespace podscale
