#pragma once
// Interpolation along one axis of a source.

#include <array>
#include <utility>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// Cells of the axis and their weights. Indices of an axis that goes round are not wrapped: -1 is
/// the last.
struct AxisStencil {
  struct Tap {
    idx_t index = 0;
    double weight = 0;
  };
  bool reached = false;  ///< the place lies within the axis or at most `search` cells beyond
  idx_t cell = 0;        ///< nearest centre
  std::array<Tap, 2> linear{};
  std::array<Tap, 4> cubic{};  ///< the first `taps`, each index once
  int taps = 0;

  /// turn: the period of an axis that goes round (360), else 0.
  AxisStencil() = default;
  AxisStencil(const MeshAxis& axis, double place, double turn, int search);

 private:
  void add_cubic(idx_t index, double weight);
};

}  // namespace podscale
