#pragma once
// Boxes of the mesh, and what their means are in the coefficients of the patches.

#include <array>
#include <cstdint>
#include <vector>

#include "podscale/pod/basis.hpp"

namespace podscale {

/// Boxes of 1, 2, 4, 8, 16, 24 points a side, at least three quarters of them ocean, at positions
/// about a quarter of a side apart; further apart where that would be more than `most` positions of
/// a size. The mean of a box is sum_p g_p^T a_p over the patches that it touches.
struct AreaBoxes {
  static constexpr std::array<long, 6> sizes = {1, 2, 4, 8, 16, 24};

  struct Box {
    std::size_t size;        ///< in `sizes`
    long y0, x0;             ///< south-western corner
    double area;             ///< of its ocean
    double truncation;       ///< sum w^2 tau
    std::size_t first, end;  ///< of its touches
  };
  /// Not collective; a basis of the whole region. channel: of the fields.
  AreaBoxes(const Basis& basis, long channel, long most = 65000);

  std::vector<Box> boxes;
  std::vector<double> area;           ///< [mesh points], 0 where a point is land
  std::vector<std::uint32_t> patch;   ///< [touches]
  std::vector<float> projected, own;  ///< [touches][K] Phi^T R w, Phi^T A^T w: see Seams
};

}  // namespace podscale
