#pragma once
// A rectangle of points: what a rank reads, holds and writes.

namespace podscale {

/// A rectangle of grid cells: rows y0..y0+ny-1, columns x0..x0+nx-1. On a periodic grid x0 may be
/// negative and x0+nx may pass the last column; columns then count modulo nx.
struct Window {
  long y0 = 0, ny = 0, x0 = 0, nx = 0;
  long points() const { return ny * nx; }
  bool operator==(const Window&) const = default;
};

}  // namespace podscale
