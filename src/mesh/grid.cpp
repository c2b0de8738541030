#include "podscale/mesh/grid.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// Half-way between neighbours; the outer edges mirror the inner ones. A single cell is one degree wide.
std::vector<double> half_way(const std::vector<double>& centres) {
  const std::size_t n = centres.size();
  std::vector<double> edges(n + 1);
  if (n == 1) return {centres[0] - 0.5, centres[0] + 0.5};
  for (std::size_t i = 1; i < n; ++i) edges[i] = 0.5 * (centres[i - 1] + centres[i]);
  edges[0] = 2 * centres[0] - edges[1];
  edges[n] = 2 * centres[n - 1] - edges[n - 1];
  return edges;
}

void assert_ascending(const std::vector<double>& values, const char* name) {
  PODSCALE_ASSERT(!values.empty(), "{} has no values", name);
  for (std::size_t i = 1; i < values.size(); ++i)
    PODSCALE_ASSERT(values[i] > values[i - 1], "{}[{}] = {}, {}[{}] = {}", name, i - 1, values[i - 1], name,
                    i, values[i]);
}

double sin_degrees(double degrees) {
  return std::sin(degrees * std::numbers::pi / 180);
}

/// Edges and centres of blocks of `factor` cells.
void coarsen_axis(const std::vector<double>& fine_bounds, int factor, std::vector<double>& centres,
                  std::vector<double>& bounds) {
  const std::size_t cells = fine_bounds.size() - 1, step = static_cast<std::size_t>(factor);
  bounds.push_back(fine_bounds[0]);
  for (std::size_t i = 0; i < cells; i += step) {
    bounds.push_back(fine_bounds[std::min(i + step, cells)]);
    centres.push_back(0.5 * (bounds[bounds.size() - 2] + bounds.back()));
  }
}

}  // namespace

double Grid::area_weight(long j, long i) const {
  const auto y = static_cast<std::size_t>(j), x = static_cast<std::size_t>(i);
  const double cell =
      (sin_degrees(lat_bounds[y + 1]) - sin_degrees(lat_bounds[y])) * (lon_bounds[x + 1] - lon_bounds[x]);
  // The cells tile the rectangle, so the mean needs no sum.
  const double all = (sin_degrees(lat_bounds.back()) - sin_degrees(lat_bounds.front())) *
                     (lon_bounds.back() - lon_bounds.front());
  return cell / all * static_cast<double>(points());
}

std::uint64_t Grid::checksum() const {
  Checksum sum;
  sum.add(static_cast<std::uint64_t>(lat.size()));
  sum.add(static_cast<std::uint64_t>(lon.size()));
  sum.add(std::span<const double>(lat));
  sum.add(std::span<const double>(lon));
  return sum.value();
}

Grid make_grid(std::vector<double> lat, std::vector<double> lon) {
  assert_ascending(lat, "lat");
  assert_ascending(lon, "lon");
  Grid grid;
  grid.lat_bounds = half_way(lat);
  grid.lon_bounds = half_way(lon);
  for (double* edge : {&grid.lat_bounds.front(), &grid.lat_bounds.back()})
    *edge = std::clamp(*edge, -90.0, 90.0);
  const std::size_t n = lon.size();
  if (n > 1) {
    const double spacing = (lon[n - 1] - lon[0]) / static_cast<double>(n - 1);
    grid.periodic = std::abs(spacing * static_cast<double>(n) - 360) < 0.25 * spacing;
  }
  if (grid.periodic) {  // so that the first and the last cell meet
    grid.lon_bounds[0] = 0.5 * (lon[n - 1] - 360 + lon[0]);
    grid.lon_bounds[n] = grid.lon_bounds[0] + 360;
  }
  grid.lat = std::move(lat);
  grid.lon = std::move(lon);
  return grid;
}

Grid coarsen_grid(const Grid& fine, int factor) {
  PODSCALE_ASSERT(factor >= 1, "factor {}", factor);
  Grid grid;
  coarsen_axis(fine.lat_bounds, factor, grid.lat, grid.lat_bounds);
  coarsen_axis(fine.lon_bounds, factor, grid.lon, grid.lon_bounds);
  grid.periodic = fine.periodic;
  return grid;
}

Window bounding_window(const Grid& grid, std::span<const Window> windows) {
  const long turn = grid.nx();
  Window all;
  std::vector<std::pair<long, long>> columns;  // of each window: first, one past the last
  for (const Window& w : windows) {
    if (w.points() == 0) continue;
    const long y0 = all.ny == 0 ? w.y0 : std::min(all.y0, w.y0),
               y1 = all.ny == 0 ? w.y0 + w.ny : std::max(all.y0 + all.ny, w.y0 + w.ny);
    all.y0 = y0, all.ny = y1 - y0;
    const long x0 = grid.periodic ? (w.x0 % turn + turn) % turn : w.x0;
    columns.emplace_back(x0, x0 + std::min(w.nx, turn));
  }
  if (columns.empty()) return {};
  std::sort(columns.begin(), columns.end());
  // The widest gap: the one behind the last window, round to the first, or one between two.
  long end = columns.front().second, gap = 0, start = columns.front().first;
  for (const auto& c : columns)
    if (grid.periodic) end = std::max(end, c.second - turn);  // what lies across the cut begins the round
  for (const auto& [first, last] : columns) {
    if (grid.periodic && first - end > gap) gap = first - end, start = first;
    end = std::max(end, last);
  }
  if (const long behind = columns.front().first + turn - end; !grid.periodic || behind >= gap)
    gap = std::max(0l, behind), start = columns.front().first;
  all.x0 = grid.periodic && gap == 0 ? 0 : start;
  all.nx = grid.periodic ? turn - gap : end - start;
  return all;
}

bool contains(const Grid& grid, const Window& whole, const Window& part) {
  if (part.points() == 0) return true;
  if (part.y0 < whole.y0 || part.y0 + part.ny > whole.y0 + whole.ny) return false;
  if (grid.periodic && whole.nx >= grid.nx()) return true;
  const long shift = part.x0 - whole.x0,
             at = grid.periodic ? (shift % grid.nx() + grid.nx()) % grid.nx() : shift;
  return at >= 0 && at + part.nx <= whole.nx;
}

}  // namespace podscale
