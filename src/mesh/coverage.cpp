#include "podscale/mesh/coverage.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/mesh/point_search.hpp"
#include "podscale/mesh/remap.hpp"

namespace podscale {
namespace {

/// Cell of an axis, -1 beyond its ends but for rounding. turn: 360 of longitudes, else 0.
idx_t cell_of(const MeshAxis& axis, double place, double turn) {
  const std::vector<double>& edges = axis.bounds;
  const double width = (edges.back() - edges.front()) / static_cast<double>(axis.centres.size());
  const double rounding = 1e-3 * width;
  if (turn > 0) place -= turn * std::floor((place - edges.front() + rounding) / turn);
  if (!(place >= edges.front() - rounding && place <= edges.back() + rounding)) return -1;
  const idx_t i = std::upper_bound(edges.begin(), edges.end(), place) - edges.begin() - 1;
  return std::clamp<idx_t>(i, 0, std::ssize(axis.centres) - 1);
}

}  // namespace

std::function<idx_t(idx_t)> cell_finder(const Mesh& coarse, const Mesh& fine) {
  const Space space = common_space(coarse, fine);
  if (coarse.separable() && space == coarse.space()) {
    const bool sphere = space == Space::sphere;
    const double unit = !sphere && coarse.unit().metres > 0 ? coarse.unit().metres : 1;
    return [=, &coarse, &fine](idx_t point) -> idx_t {
      const Position at = sphere ? fine.degrees(point) : fine.position(point);
      if (!std::isfinite(at.y) || !std::isfinite(at.x)) return -1;
      const idx_t j = cell_of(coarse.y(), at.y / unit, 0),
                  i = cell_of(coarse.x(), at.x / unit, sphere ? 360 : 0);
      return j < 0 || i < 0 ? -1 : j * coarse.nx() + i;
    };
  }
  return [=, &coarse, &fine, search = PointSearch(coarse, space)](idx_t point) -> idx_t {
    const Vector3 place = fine.vector(point, space);
    if (search.size() == 0 || !std::isfinite(norm(place))) return -1;
    const PointSearch::Hit hit = search.nearest(place, 1).front();
    const Position size = coarse.spacing(hit.point);
    const bool near = coarse.kilometres(space) * hit.distance <= 0.55 * std::hypot(size.y, size.x);
    return near ? hit.point : -1;
  };
}

Coverage coverage(const Mesh& coarse, const Mesh& fine, idx_t first, idx_t rows) {
  const auto cell = cell_finder(coarse, fine);
  // Areas of a plane and of the sphere are not alike to compare.
  const bool comparable = coarse.space() == fine.space();
  Coverage c;
  for (idx_t point = first * fine.nx(); point < (first + rows) * fine.nx(); ++point) {
    if (fine.owner(point) != point) continue;
    ++c.points;
    const idx_t of = cell(point);
    if (of < 0) {
      if (c.first_outside < 0) c.first_outside = point;
      continue;
    }
    ++c.inside;
    const double area = coarse.area(of);
    c.smaller += comparable && area > 0 && area < 0.8 * fine.area(point);
  }
  return c;
}

}  // namespace podscale
