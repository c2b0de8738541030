#include "podscale/mesh/mesh.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "payload.hpp"
#include "podscale/core/error.hpp"
#include "quad.hpp"

namespace podscale {

using Payload = Mesh::Payload;

idx_t Payload::at(idx_t j, idx_t i) const {
  if (j < 0 || j >= ny) {
    if (!fold.present) return -1;
    j = fold.rows - j;
    i = fold.columns - i;
    if (j < 0 || j >= ny) return -1;
  }
  if (i < 0 || i >= nx) {
    if (period == 0) return -1;
    i = wrap(i);
  }
  return j * nx + i;
}

idx_t Payload::owner(idx_t point) const {
  if (separable) return point;
  if (areas[point] < 0) return -1;
  const idx_t row = point / nx, column = point % nx;
  idx_t best = point;
  const auto offer = [&](idx_t j, idx_t i) {  // inner points before those of the border, then the first
    if (j < 0 || j >= ny || i < 0 || i >= nx) return;
    const idx_t p = j * nx + i;
    if (areas[p] < 0) return;
    const auto border = [&](idx_t q) {
      return q / nx == 0 || q / nx == ny - 1 || q % nx == 0 || q % nx == nx - 1;
    };
    if (std::pair(border(p), p) < std::pair(border(best), best)) best = p;
  };
  const auto offer_all = [&](idx_t j, idx_t i) {
    offer(j, i);
    if (period > 0 && period < nx) offer(j, i + period), offer(j, i - period);
  };
  offer_all(row, column);
  if (fold.present) offer_all(fold.rows - row, wrap(fold.columns - column));
  return best;
}

Position Payload::coordinates(idx_t point) const {
  if (!separable) return {table.y[point], table.x[point]};
  return {y.centres[point / nx], x.centres[point % nx]};
}

std::optional<std::array<Vector3, 4>> Payload::given_corners(idx_t point) const {
  const std::size_t p = point;
  std::array<Vector3, 4> corners;
  for (std::size_t k = 0; k < 4; ++k) {
    Position corner;
    if (separable) {
      const std::size_t j = p / static_cast<std::size_t>(nx) + (k < 2 ? 0 : 1);
      const std::size_t i = p % static_cast<std::size_t>(nx) + (k == 0 || k == 3 ? 0 : 1);
      corner = {y.bounds[j], x.bounds[i]};
    } else {
      if (table.corner_y.empty()) return std::nullopt;
      corner = {table.corner_y[4 * p + k], table.corner_x[4 * p + k]};
    }
    corners[k] = lifted(corner);
    if (!std::isfinite(norm(corners[k]))) return std::nullopt;
  }
  return corners;
}

const Payload& Mesh::held() const {
  static const Payload none;
  return payload_ ? *payload_ : none;
}

MeshKind Mesh::kind() const {
  return held().kind;
}
idx_t Mesh::ny() const {
  return held().ny;
}
idx_t Mesh::nx() const {
  return held().nx;
}
bool Mesh::periodic() const {
  return held().period > 0 && held().period == held().nx;
}
idx_t Mesh::period() const {
  return held().period;
}
const Fold& Mesh::fold() const {
  return held().fold;
}
idx_t Mesh::at(idx_t j, idx_t i) const {
  return held().at(j, i);
}
idx_t Mesh::owner(idx_t point) const {
  return held().owner(point);
}
bool Mesh::separable() const {
  return held().separable;
}
const PlaneUnit& Mesh::unit() const {
  return held().unit;
}
const std::vector<double>& Mesh::latitudes() const {
  return held().lat;
}
const std::vector<double>& Mesh::longitudes() const {
  return held().lon;
}
const GridMapping& Mesh::mapping() const {
  return held().mapping;
}
bool Mesh::geographic() const {
  return kind() != MeshKind::plane || !held().lat.empty();
}

const MeshAxis& Mesh::y() const {
  PODSCALE_ASSERT(separable(), "axes of a mesh of {} x {} single positions", ny(), nx());
  return held().y;
}
const MeshAxis& Mesh::x() const {
  PODSCALE_ASSERT(separable(), "axes of a mesh of {} x {} single positions", ny(), nx());
  return held().x;
}
const PointTable& Mesh::table() const {
  PODSCALE_ASSERT(!separable(), "single positions of a mesh of {} x {} with axes", ny(), nx());
  return held().table;
}

Position Mesh::position(idx_t point) const {
  const Position p = held().coordinates(point);
  return {held().scale() * p.y, held().scale() * p.x};
}

Position Mesh::degrees(idx_t point) const {
  if (kind() != MeshKind::plane) return held().coordinates(point);
  PODSCALE_ASSERT(geographic(), "latitude of point {} of a plane without", point);
  return {held().lat[point], held().lon[point]};
}

Vector3 Mesh::vector(idx_t point, Space in) const {
  return in == Space::sphere ? unit_vector(degrees(point)) : held().vector(point);
}

double Mesh::kilometres(Space in) const {
  return held().kilometres(in);
}

std::array<Vector3, 4> Mesh::corners(idx_t point) const {
  if (const auto given = held().given_corners(point)) return *given;
  const auto vector = [this](idx_t p) -> std::optional<Vector3> {
    return owner(p) < 0 ? std::nullopt : std::optional(held().vector(p));
  };
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  constexpr Vector3 nowhere{none, none, none};
  return corners_between(held(), vector, point).value_or(std::array{nowhere, nowhere, nowhere, nowhere});
}

double Mesh::area_weight(idx_t j, idx_t i) const {
  const Payload& mesh = held();
  const std::size_t row = j, column = i;
  if (!mesh.separable)
    return std::max(0.0, mesh.areas[j * mesh.nx + i]) / mesh.size * static_cast<double>(mesh.counted);
  const double cell = mesh.row_size[row] * (mesh.x.bounds[column + 1] - mesh.x.bounds[column]);
  return cell / mesh.size * static_cast<double>(points());
}

double Mesh::area(idx_t point) const {
  const Payload& mesh = held();
  const double km = kilometres(space());
  if (!mesh.separable) return std::max(0.0, mesh.areas[point]) * km * km;
  const std::size_t row = point / nx(), column = point % nx();
  const double cell = mesh.row_size[row] * (mesh.x.bounds[column + 1] - mesh.x.bounds[column]);
  const double scale = mesh.scale() * km;
  return kind() == MeshKind::plane ? cell * scale * scale : cell * kRadians * km * km;
}

Position Mesh::spacing(idx_t point) const {
  const Payload& mesh = held();
  const double km = kilometres(space());
  const idx_t j = point / nx(), i = point % nx();
  if (mesh.separable) {
    const std::size_t row = j, column = i;
    const double dy = mesh.y.bounds[row + 1] - mesh.y.bounds[row];
    const double dx = mesh.x.bounds[column + 1] - mesh.x.bounds[column];
    if (kind() == MeshKind::plane) return {km * mesh.scale() * dy, km * mesh.scale() * dx};
    return {km * kRadians * dy, km * kRadians * dx * std::cos(mesh.y.centres[row] * kRadians)};
  }
  const auto width = [&](idx_t before, idx_t after) {
    const auto there = [&](idx_t p) { return p >= 0 && owner(p) >= 0; };
    const idx_t from = there(before) ? before : point, to = there(after) ? after : point;
    const double d = distance(mesh.vector(from), mesh.vector(to), space());
    if (from == to) return std::sqrt(std::max(0.0, mesh.areas[point]));
    return from == point || to == point ? d : 0.5 * d;
  };
  return {km * width(at(j - 1, i), at(j + 1, i)), km * width(at(j, i - 1), at(j, i + 1))};
}

Position Mesh::offset(idx_t from, idx_t to) const {
  const double km = kilometres(space());
  if (kind() == MeshKind::rectilinear) {  // along the meridian and the parallel between
    const Position a = degrees(from), b = degrees(to);
    const double turn = std::cos(0.5 * (a.y + b.y) * kRadians);
    return {km * kRadians * (b.y - a.y), km * kRadians * turn * std::remainder(b.x - a.x, 360.0)};
  }
  const Vector3 a = held().vector(from), b = held().vector(to), d = b - a;
  if (space() == Space::plane) return {km * d.y, km * d.x};
  const Position middle = degrees_of(a + b);
  const Vector3 north = unit_vector({middle.y + 90, middle.x}), east = unit_vector({0, middle.x + 90});
  const double arc = norm(d) > 0 ? distance(a, b, Space::sphere) / norm(d) : 1;
  return {km * arc * dot(d, north), km * arc * dot(d, east)};
}

idx_t Mesh::nearest(const Position& position, std::span<const unsigned char> wanted) const {
  const Vector3 v = space() == Space::sphere ? unit_vector(position) : Vector3{position.x, position.y, 0};
  idx_t best = -1;
  double smallest = std::numeric_limits<double>::infinity();
  for (idx_t p = 0; p < points(); ++p) {
    if ((!wanted.empty() && !wanted[p]) || owner(p) != p) continue;
    const Vector3 d = held().vector(p) - v;
    if (dot(d, d) < smallest) smallest = dot(d, d), best = p;
  }
  return best;
}

bool Mesh::contains(const Position& position) const {
  if (points() == 0) return false;
  if (separable()) {
    double y = position.y / held().scale(), x = position.x / held().scale();
    const MeshAxis &rows = held().y, &columns = held().x;
    if (space() == Space::sphere) x -= 360 * std::floor((x - columns.bounds.front()) / 360);
    return y >= rows.bounds.front() && y <= rows.bounds.back() && x >= columns.bounds.front() &&
           x <= columns.bounds.back();
  }
  const Vector3 v = space() == Space::sphere ? unit_vector(position) : Vector3{position.x, position.y, 0};
  const idx_t near = nearest(position);
  for (idx_t dj = -1; dj <= 1 && near >= 0; ++dj)
    for (idx_t di = -1; di <= 1; ++di)
      if (const idx_t p = at(near / nx() + dj, near % nx() + di);
          p >= 0 && owner(p) >= 0 && Quad::around(v, corners(p), space()).has_value())
        return true;
  return false;
}

Mesh::Extent Mesh::extent() const {
  if (points() == 0) return {};
  if (separable()) {
    const double s = held().scale();
    const MeshAxis &rows = held().y, &columns = held().x;
    return {s * rows.centres.front(), s * rows.centres.back(), s * columns.centres.front(),
            s * columns.centres.back()};
  }
  std::vector<double> ys, xs;
  for (idx_t p = 0; p < points(); ++p)
    if (owner(p) >= 0) {
      const Position at = position(p);
      ys.push_back(at.y);
      xs.push_back(space() == Space::sphere ? at.x - 360 * std::floor(at.x / 360) : at.x);
    }
  if (ys.empty()) return {};
  std::sort(xs.begin(), xs.end());
  const auto [south, north] = std::minmax_element(ys.begin(), ys.end());
  Extent extent{*south, *north, xs.front(), xs.back()};
  if (space() == Space::plane) return extent;
  // Longitudes lie on a circle: the extent is what the widest gap leaves.
  double gap = xs.front() + 360 - xs.back();
  for (std::size_t i = 1; i < xs.size(); ++i)
    if (xs[i] - xs[i - 1] > gap) {
      gap = xs[i] - xs[i - 1];
      extent.west = xs[i] - 360;
      extent.east = xs[i - 1];
    }
  return extent;
}

std::string Mesh::describe() const {
  const Extent e = extent();
  if (space() == Space::sphere)
    return fmt::format("{} x {} points, {:.4f} to {:.4f} N, {:.4f} to {:.4f} E", ny(), nx(), e.south, e.north,
                       e.west, e.east);
  return fmt::format("{} x {} points, y {:.7g} to {:.7g}, x {:.7g} to {:.7g} {}", ny(), nx(), e.south,
                     e.north, e.west, e.east, unit().metres > 0 ? "m" : "pixels");
}

Window covering_window(const Mesh& mesh, std::span<const idx_t> points) {
  if (points.empty()) return {};
  const idx_t nx = mesh.nx();
  std::vector<unsigned char> used(nx, 0);
  idx_t first_row = mesh.ny(), last_row = -1;
  for (const idx_t p : points) {
    first_row = std::min(first_row, p / nx);
    last_row = std::max(last_row, p / nx);
    used[p % nx] = 1;
  }
  const auto is_used = [&](idx_t i) { return used[i % nx] != 0; };
  idx_t first = 0, last = nx - 1;
  while (!is_used(first)) ++first;
  while (!is_used(last)) --last;
  Window window{first_row, last_row - first_row + 1, first, last - first + 1};
  // Round the earth the window is what the widest run of unused columns leaves.
  for (idx_t i = first, run = 0; mesh.periodic() && i <= last; ++i) {
    run = is_used(i) ? 0 : run + 1;
    if (nx - run < window.nx) window.x0 = i + 1, window.nx = nx - run;
  }
  return window;
}

idx_t index_within(const Mesh& mesh, const Window& window, idx_t point) {
  const idx_t nx = mesh.nx(), row = point / nx - window.y0;
  const idx_t column = (((point % nx - window.x0) % nx) + nx) % nx;
  return row >= 0 && row < window.ny && column < window.nx ? row * window.nx + column : -1;
}

idx_t point_of(const Mesh& mesh, const Window& window, idx_t j, idx_t i) {
  const idx_t nx = mesh.nx(), column = window.x0 + i;
  return (window.y0 + j) * nx + ((column % nx) + nx) % nx;
}

}  // namespace podscale
