#include "podscale/mesh/neighbourhood.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/mesh/point_search.hpp"
#include "podscale/mesh/remap.hpp"

namespace podscale {
namespace {

struct Extent {
  idx_t first = 0, count = 0;
};

/// Cells of an axis that overlap [low, high]; the nearest one where none does. bounds: [cells +
/// 1].
Extent overlap(const std::vector<double>& bounds, double low, double high) {
  const double margin = 1e-6 * (high - low);
  const idx_t cells = std::ssize(bounds) - 1;
  Extent extent{cells, 0};
  for (idx_t i = 0; i < cells; ++i)
    if (bounds[i] < high - margin && bounds[i + 1] > low + margin) {
      extent.first = std::min(extent.first, i);
      ++extent.count;
    }
  if (extent.count == 0) return {high <= bounds.front() ? 0 : cells - 1, 1};
  return extent;
}

/// The same along longitude. Of an axis that goes round, cells count on over its ends: -1 is the
/// last.
Extent overlap_longitude(const std::vector<double>& bounds, bool periodic, double low, double high) {
  const double middle = 0.5 * (bounds.front() + bounds.back());
  const double shift = 360 * std::round((middle - 0.5 * (low + high)) / 360);
  low += shift;
  high += shift;
  if (!periodic) return overlap(bounds, low, high);
  const idx_t cells = std::ssize(bounds) - 1;
  std::vector<double> turns;  // three turns, the middle one is the axis itself
  for (int turn = -1; turn <= 1; ++turn)
    for (idx_t i = 0; i < cells; ++i) turns.push_back(bounds[i] + 360 * turn);
  turns.push_back(bounds.front() + 720);
  Extent extent = overlap(turns, low, high);
  extent.first -= cells;
  return extent;
}

}  // namespace

Neighbourhood::Neighbourhood(const Communicator& comm, const Mesh& coarse,
                             std::span<const unsigned char> coarse_ocean, const Mesh& fine,
                             std::span<const Window> patches, idx_t halo)
    : coarse_(coarse), patches_(std::ssize(patches)) {
  PODSCALE_ASSERT(std::ssize(coarse_ocean) == coarse.points() && halo >= 0,
                  "{} values of a mask of {} points, halo {}", coarse_ocean.size(), coarse.points(), halo);
  Space space = Space::sphere;
  comm.agree([&] { space = common_space(coarse, fine); });
  const bool boxes =
      coarse.separable() && fine.separable() && space == coarse.space() && space == fine.space();
  if (boxes)
    find_boxes(comm, fine, patches, halo);
  else
    find_nearest(comm, space, fine, patches, halo);

  std::vector<idx_t> used;
  for (idx_t& point : cells_) {
    if (point >= 0 && !coarse_ocean[point]) point = -1;
    if (point >= 0) used.push_back(point);
  }
  source_ = covering_window(coarse, used);
  for (idx_t& point : cells_)
    if (point >= 0) point = index_within(coarse, source_, point);
}

void Neighbourhood::find_boxes(const Communicator& comm, const Mesh& fine, std::span<const Window> patches,
                               idx_t halo) {
  const bool sphere = coarse_.space() == Space::sphere;
  const double unit = !sphere && fine.unit().metres > 0 ? fine.unit().metres / coarse_.unit().metres : 1;
  std::vector<std::pair<Extent, Extent>> extents;  // (rows, columns) of each patch, halo included
  for (const Window& w : patches) {
    const auto edge = [&](const MeshAxis& axis, idx_t i) { return unit * axis.bounds[i]; };
    const double west = edge(fine.x(), w.x0), east = edge(fine.x(), w.x0 + w.nx);
    Extent rows = overlap(coarse_.y().bounds, edge(fine.y(), w.y0), edge(fine.y(), w.y0 + w.ny));
    Extent columns = sphere ? overlap_longitude(coarse_.x().bounds, coarse_.periodic(), west, east)
                            : overlap(coarse_.x().bounds, west, east);
    rows = {rows.first - halo, rows.count + 2 * halo};
    columns = {columns.first - halo, columns.count + 2 * halo};
    if (coarse_.periodic()) columns.count = std::min(columns.count, coarse_.nx());
    rows_ = std::max(rows_, rows.count);
    columns_ = std::max(columns_, columns.count);
    extents.emplace_back(rows, columns);
  }
  rows_ = comm.max(rows_);
  columns_ = comm.max(columns_);
  cells_.assign(static_cast<std::size_t>(patches_ * slots()), -1);
  const View<idx_t, 2> cells(cells_.data(), {patches_, slots()});
  for (idx_t p = 0; p < patches_; ++p) {
    const auto& [rows, columns] = extents[p];
    for (idx_t j = 0; j < rows.count; ++j)
      for (idx_t i = 0; i < columns.count; ++i)
        cells(p, j * columns_ + i) = coarse_.at(rows.first + j, columns.first + i);
  }
}

void Neighbourhood::find_nearest(const Communicator& comm, Space space, const Mesh& fine,
                                 std::span<const Window> patches, idx_t halo) {
  const PointSearch search(coarse_, space);
  std::vector<Vector3> centres;
  idx_t side = 0;  // cells that the largest patch is wide
  for (const Window& w : patches) {
    Vector3 sum;
    double area = 0, counted = 0;
    for (idx_t j = 0; j < w.ny; ++j)
      for (idx_t i = 0; i < w.nx; ++i) {
        const idx_t point = point_of(fine, w, j, i);
        if (fine.owner(point) < 0) continue;
        sum = sum + fine.vector(point, space);
        area += fine.area(point);
        counted += 1;
      }
    centres.push_back(1 / (space == Space::sphere ? norm(sum) : counted) * sum);
    if (!std::isfinite(norm(centres.back())) || search.size() == 0) continue;
    const double cell = coarse_.area(search.nearest(centres.back(), 1).front().point);
    const double cells = cell > 0 ? std::max(1.0, std::ceil(area / cell - 1e-6)) : 1;
    side = std::max(side, static_cast<idx_t>(std::ceil(std::sqrt(cells) - 1e-6)));
  }
  rows_ = 1;
  side = comm.max(side) + 2 * halo;
  columns_ = side * side;
  cells_.assign(static_cast<std::size_t>(patches_ * slots()), -1);
  const View<idx_t, 2> cells(cells_.data(), {patches_, slots()});
  for (idx_t p = 0; p < patches_; ++p) {
    const Vector3& centre = centres[p];
    if (!std::isfinite(norm(centre))) continue;
    idx_t slot = 0;
    for (const PointSearch::Hit& hit : search.nearest(centre, slots())) cells(p, slot++) = hit.point;
  }
}

}  // namespace podscale
