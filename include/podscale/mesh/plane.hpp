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

}  // namespace podscale
