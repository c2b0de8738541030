#pragma once
// Meshes that tests share.

#include <cmath>
#include <functional>
#include <vector>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

inline std::vector<double> regular_axis(double first, double step, idx_t n) {
  std::vector<double> values;
  for (idx_t i = 0; i < n; ++i) values.push_back(first + step * static_cast<double>(i));
  return values;
}

/// Whether the poles of a fold lie on points, and not between them.
inline bool t_pivot(const Mesh& mesh) {
  return mesh.fold().rows % 2 == 0;
}

inline std::vector<unsigned char> all_ocean(idx_t points) {
  return std::vector<unsigned char>(points, 1);
}

using PositionOf = std::function<Position(double j, double i)>;

/// Positions of a formula, at points (j, i) and, if asked for, at the corners half a step beside.
inline PointTable table_of(idx_t ny, idx_t nx, const PositionOf& position, bool corners = false) {
  PointTable table;
  for (idx_t j = 0; j < ny; ++j)
    for (idx_t i = 0; i < nx; ++i) {
      const double y = static_cast<double>(j), x = static_cast<double>(i);
      table.y.push_back(position(y, x).y);
      table.x.push_back(position(y, x).x);
      for (int k = 0; corners && k < 4; ++k) {
        const Position c = position(y + (k < 2 ? -0.5 : 0.5), x + (k == 0 || k == 3 ? -0.5 : 0.5));
        table.corner_y.push_back(c.y);
        table.corner_x.push_back(c.x);
      }
    }
  return table;
}

/// Where a latitude and longitude of a frame with its pole at (pole_lat, pole_lon) lie on the
/// earth.
inline Position rotated(const Position& p, double pole_lat, double pole_lon) {
  const Vector3 v = unit_vector(p);
  const double tilt = (90 - pole_lat) * kRadians;
  const Vector3 tilted{std::cos(tilt) * v.x + std::sin(tilt) * v.z, v.y,
                       -std::sin(tilt) * v.x + std::cos(tilt) * v.z};
  const Position q = degrees_of(tilted);
  return {q.y, std::remainder(q.x + pole_lon, 360.0)};
}

/// A global mesh whose northern cap has two poles, at longitudes 80 and -100 on latitude 60,
/// joined by a fold, as Murray (1996): south of 60 N latitudes and longitudes; north of it circles
/// about the two poles. Row ny - 1/2 is the fold (F pivot) of rows 0.. of cells.
struct Tripolar {
  idx_t ny = 40, nx = 60;
  idx_t cap = 12;  ///< rows of the cap

  Position at(double j, double i) const {
    const double columns = static_cast<double>(nx), row = j + 0.5;  // 0 at the southern edge
    const double lon = 80 + 360 * (i + 0.5) / columns, south = static_cast<double>(ny - cap);
    constexpr double border = 60;
    if (row <= south) return {-90 + (90 + border) * row / south, std::remainder(lon, 360.0)};
    // In the stereographic plane of the cap, scaled to the unit disc: an ellipse of semi-axes 1
    // along the poles and b across, b from 1 at the border to 0 at the fold.
    const double share = (row - south) / static_cast<double>(cap), angle = (lon - 80) * kRadians;
    const double along = std::cos(angle), across = (1 - share) * std::sin(angle);
    const double radius = std::hypot(along, across) * std::tan((90 - border) / 2 * kRadians);
    return {90 - 2 * std::atan(radius) / kRadians,
            std::remainder(80 + std::atan2(across, along) / kRadians, 360.0)};
  }
  PointTable table(bool corners = false) const {
    return table_of(
        ny, nx, [this](double j, double i) { return at(j, i); }, corners);
  }
  Mesh mesh(bool corners = false) const { return Mesh::curvilinear(ny, nx, table(corners)); }
  /// As NEMO writes it: one more column on each side, and for a T pivot the rows shifted by half a
  /// cell so that the fold is row ny - 1, with a row beyond it.
  Mesh with_repeats(bool t_pivot) const {
    const double shift = t_pivot ? 0.5 : 0;
    const auto position = [&](double j, double i) {
      const double last = static_cast<double>(ny) - 0.5 - shift;  // the fold in rows of this mesh
      double column = i - 1 + shift;
      if (j > last) j = 2 * last - j, column = static_cast<double>(nx) - 1 - column;
      return at(j + shift, column);
    };
    return Mesh::curvilinear(ny + 1, nx + 2, table_of(ny + 1, nx + 2, position));
  }
};

}  // namespace podscale
