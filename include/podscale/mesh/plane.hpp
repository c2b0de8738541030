#pragma once
// A rectangle of values in memory, as an image is: no coordinates, no gaps.

#include <vector>

#include "podscale/core/view.hpp"

namespace podscale {

struct Plane {
  idx_t ny = 0, nx = 0;
  std::vector<float> values{};  ///< [ny][nx], the first row is the upper one of a picture
  bool empty() const { return values.empty(); }
};

/// Not collective. Of n points of a side, which one stands at position i: mirrored at the edges,
/// as often as it takes.
inline idx_t mirrored(idx_t i, idx_t n) {
  const idx_t period = 2 * n;
  i = (i % period + period) % period;
  return i < n ? i : period - 1 - i;
}

}  // namespace podscale
