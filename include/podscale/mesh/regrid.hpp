#pragma once
// Interpolation from a coarse to a fine grid that never lets land bleed into the sea, as a sparse matrix
// (PETSc).

#include <petscmat.h>

#include <span>
#include <string>
#include <vector>

#include "podscale/core/handle.hpp"
#include "podscale/mesh/grid.hpp"

namespace podscale {

enum class Interpolation { nearest, bilinear, bicubic };
Interpolation interpolation_from_name(const std::string& name);  ///< Error(usage) on others

/// fine = W coarse for the ocean points of one window of the fine grid. Rows are local: a rank reads the
/// coarse window `source()` from file and needs no message. Longitudes are compared modulo 360.
///   nearest   the coarse cell whose centre is nearest.
///   bilinear  4 neighbours, land dropped and weights renormalised; exact for linear fields away from
///             land and inside the hull of the coarse centres, constant beyond it.
///   bicubic   Keys (1981) cubic convolution, a = -1/2, on 4 x 4 points, with ghost points by linear
///             extrapolation at the edges of the coarse grid: exact for linear fields up to half a cell
///             beyond its centres (equidistant axes); bilinear where one of the points is land.
/// Where no neighbour is ocean: the nearest ocean cell within `search` cells. None there either: the row
/// is empty (the result is 0, meant for anomalies) and counted in `unreached()`.
class Regridder {
 public:
  /// Not collective. coarse_ocean: [coarse.ny*coarse.nx] whole coarse mask; fine_ocean: [window points].
  Regridder(const Grid& coarse, std::span<const unsigned char> coarse_ocean, const Grid& fine,
            const Window& window, std::span<const unsigned char> fine_ocean, Interpolation kind,
            int search = 4);
  const Window& source() const { return source_; }  ///< of the coarse grid
  long unreached() const { return unreached_; }
  /// coarse: [source().points()], values on land are never used (NaN allowed); fine: [window points], land
  /// and unreached points get 0.
  void apply(std::span<const float> coarse, std::span<float> fine) const;

 private:
  Window source_;
  long unreached_ = 0;
  std::vector<unsigned char> used_;  // coarse cells that some row refers to
  Handle<Mat, MatDestroy> matrix_;
  mutable Handle<Vec, VecDestroy> in_, out_;
};

}  // namespace podscale
