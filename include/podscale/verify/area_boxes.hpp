#pragma once
// Boxes of the mesh, and what their means are in the coefficients of the patches.

#include <array>
#include <cstdint>
#include <vector>

#include "podscale/pod/basis.hpp"
#include "podscale/verify/scored_rows.hpp"

namespace podscale {

/// Boxes of 1, 2, 4, 8, 16, 24 points a side, at least three quarters of them ocean, at positions
/// about a quarter of a side apart; further apart where that would be more than `most` positions
/// of a size. The mean of a box is sum_p g_p^T a_p over the patches that it touches.
struct AreaBoxes {
  static constexpr std::array<long, 6> sizes = {1, 2, 4, 8, 16, 24};

  struct Box {
    std::size_t size;        ///< in `sizes`
    long strip;              ///< of this rank: that of its first row
    long y0, x0;             ///< south-western corner, on the held rows
    double area;             ///< of its ocean
    double truncation;       ///< sum w^2 tau
    std::size_t first, end;  ///< of its touches
  };
  /// Not collective; basis on one process: of the region, or of the part of it that the held rows
  /// need (Basis::first_patch_row). channel: of the fields; rows: none: the region, which is then
  /// the basis' mesh.
  AreaBoxes(const Basis& basis, long channel, long most = 65000);
  AreaBoxes(const Basis& basis, long channel, long most, const Mesh& region, const ScoredRows& rows);

  std::vector<Box> boxes;
  std::vector<double> area;           ///< [held points], 0 where a point is land
  std::vector<std::uint32_t> patch;   ///< [touches]
  std::vector<float> projected, own;  ///< [touches][K] Phi^T R w, Phi^T A^T w: see Seams
};

}  // namespace podscale
