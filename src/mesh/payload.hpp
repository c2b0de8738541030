#pragma once
// What copies of a mesh share.

#include <functional>
#include <utility>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

struct Mesh::Payload {
  MeshKind kind = MeshKind::rectilinear;
  idx_t ny = 0, nx = 0;
  bool separable = true;
  MeshAxis y, x;                 // where separable
  PointTable table;              // where not
  PlaneUnit unit{"degrees", 0};  // of a plane
  std::vector<double> lat, lon;  // of a plane with auxiliary ones
  GridMapping mapping;
  idx_t period = 0;
  Fold fold;
  std::vector<double> row_size;  // separable: differences of sin(lat), or of y
  double size = 0;               // of all cells, in the units of row_size times those of x; else their area
  std::vector<double> areas;     // not separable: steradians or square metres, 0 of repeats, -1 no position
  idx_t counted = 0;             // cells with an area

  idx_t points() const { return ny * nx; }
  Space space() const { return kind == MeshKind::plane ? Space::plane : Space::sphere; }
  /// Metres (pixels) in a unit of y and x.
  double scale() const { return kind == MeshKind::plane && unit.metres > 0 ? unit.metres : 1; }
  double kilometres(Space in) const {
    return in == Space::sphere ? kEarthRadius : unit.metres > 0 ? 1e-3 : 1;
  }
  idx_t wrap(idx_t i) const { return period > 0 ? ((i % period) + period) % period : i; }
  idx_t at(idx_t j, idx_t i) const;
  idx_t owner(idx_t point) const;
  Position coordinates(idx_t point) const;  // in the units of the file
  /// Coordinates in the units of the file as a vector in space().
  Vector3 lifted(const Position& p) const {
    return space() == Space::sphere ? unit_vector(p) : Vector3{scale() * p.x, scale() * p.y, 0};
  }
  Vector3 vector(idx_t point) const { return lifted(coordinates(point)); }
  /// Those of the file; nullopt where it has none.
  std::optional<std::array<Vector3, 4>> given_corners(idx_t point) const;
};

/// Position of a point in space(), if it has one.
using VectorOf = std::function<std::optional<Vector3>(idx_t)>;

/// Of a cell of a mesh that is not separable, half-way between neighbours; edges of the mesh
/// mirror inwards. nullopt where a cell stands alone.
std::optional<std::array<Vector3, 4>> corners_between(const Mesh::Payload& mesh, const VectorOf& vector,
                                                      idx_t point);

/// Of a mesh that is not separable: its seam, fold and areas. Puts corners that were given in
/// order.
void find_topology(Mesh::Payload& mesh);

/// Makes meshes: the only code that changes a payload.
struct MeshBuilder {
  using Payload = Mesh::Payload;
  static Mesh finished(Payload payload);  ///< checks the coordinates; finds seam, fold, repeats and areas
};

}  // namespace podscale
