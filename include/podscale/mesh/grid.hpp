#pragma once
// A rectilinear latitude-longitude grid, in the order in which podscale holds every field: latitude
// ascending, longitude ascending (unwrapped where the axis crosses its cut), x fastest.

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/parallel/window.hpp"

namespace podscale {

struct Grid {
  std::vector<double> lat, lon;  ///< cell centres, degrees north / degrees east, strictly ascending
  std::vector<double> lat_bounds, lon_bounds;  ///< [ny+1], [nx+1] cell edges
  bool periodic = false;                       ///< the last column is the western neighbour of the first

  long ny() const { return static_cast<long>(lat.size()); }
  long nx() const { return static_cast<long>(lon.size()); }
  long points() const { return ny() * nx(); }
  /// Area of a cell of row j over the mean cell area of the grid (spherical: difference of sin(lat) at the
  /// edges times the width in longitude).
  double area_weight(long j, long i) const;
  /// Of axes and size, for recognition.
  std::uint64_t checksum() const;
};

/// Not collective. Edges half-way between centres (poles clipped to +-90) and the periodic flag, from
/// ascending centres.
Grid make_grid(std::vector<double> lat, std::vector<double> lon);

/// The grid of blocks of factor x factor cells (the last block of a row or column may be smaller).
Grid coarsen_grid(const Grid& fine, int factor);

/// Not collective. The smallest window that holds all the windows of a grid; on a periodic one it may lie
/// across the cut. Empty windows don't count.
Window bounding_window(const Grid& grid, std::span<const Window> windows);
/// Not collective. Whether every point of `part` is in `whole`.
bool contains(const Grid& grid, const Window& whole, const Window& part);

}  // namespace podscale
