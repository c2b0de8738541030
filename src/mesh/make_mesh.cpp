// The ways to make a mesh.

#include <algorithm>
#include <cmath>

#include "payload.hpp"
#include "podscale/core/error.hpp"

namespace podscale {

using Payload = Mesh::Payload;

namespace {

/// Half-way between neighbours; the outer edges mirror the inner ones. A single cell is one unit
/// wide.
std::vector<double> half_way(const std::vector<double>& centres) {
  const std::size_t n = centres.size();
  std::vector<double> edges(n + 1);
  if (n == 1) return {centres[0] - 0.5, centres[0] + 0.5};
  for (std::size_t i = 1; i < n; ++i) edges[i] = 0.5 * (centres[i - 1] + centres[i]);
  edges[0] = 2 * centres[0] - edges[1];
  edges[n] = 2 * centres[n - 1] - edges[n - 1];
  return edges;
}

void require_ascending(const std::vector<double>& values, const char* name) {
  if (values.empty()) fail(ExitCode::data, "mesh: {} has no values; expected at least one", name);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]) || (i > 0 && !(values[i] > values[i - 1])))
      fail(ExitCode::data, "mesh: {} {} is {}{}; expected finite values that strictly ascend", name, i,
           values[i], i > 0 ? fmt::format(" after {}", values[i - 1]) : "");
}

double sin_degrees(double degrees) {
  return std::sin(degrees * std::numbers::pi / 180);
}

void require_degrees(double lat, double lon, std::size_t point) {
  if (std::isnan(lat) || std::isnan(lon)) return;  // no position
  if (!(std::abs(lat) <= 90.001) || !(std::abs(lon) <= 1000))
    fail(ExitCode::data,
         "mesh: point {} lies at latitude {}, longitude {}; expected -90 to 90 and -360 to 720 degrees (NaN "
         "where it has no position)",
         point, lat, lon);
}

void require_sizes(idx_t ny, idx_t nx, const PointTable& table) {
  const std::size_t n = ny * nx;
  const auto corners = [&](const std::vector<double>& c) { return c.empty() || c.size() == 4 * n; };
  PODSCALE_ASSERT(table.y.size() == n && table.x.size() == n && corners(table.corner_y) &&
                      table.corner_y.size() == table.corner_x.size(),
                  "{} x {} points, {} and {} positions, {} and {} corners", ny, nx, table.y.size(),
                  table.x.size(), table.corner_y.size(), table.corner_x.size());
}

MeshAxis make_axis(std::vector<double> centres, std::vector<double> bounds, const char* name) {
  require_ascending(centres, name);
  if (bounds.empty()) return {centres, half_way(centres)};
  require_ascending(bounds, fmt::format("bound of {}", name).c_str());
  PODSCALE_ASSERT(bounds.size() == centres.size() + 1, "{} bounds of {} cells of {}", bounds.size(),
                  centres.size(), name);
  for (std::size_t i = 0; i < centres.size(); ++i)
    if (!(bounds[i] <= centres[i] && centres[i] <= bounds[i + 1]))
      fail(ExitCode::data, "mesh: {} {} is {}, its bounds are {} and {}; expected it between them", name, i,
           centres[i], bounds[i], bounds[i + 1]);
  return {std::move(centres), std::move(bounds)};
}

/// Edges and centres of blocks of `factor` cells.
MeshAxis coarsen_axis(const MeshAxis& fine, std::size_t factor) {
  const std::size_t cells = fine.centres.size();
  MeshAxis axis{{}, {fine.bounds[0]}};
  for (std::size_t i = 0; i < cells; i += factor) {
    axis.bounds.push_back(fine.bounds[std::min(i + factor, cells)]);
    axis.centres.push_back(0.5 * (axis.bounds[axis.bounds.size() - 2] + axis.bounds.back()));
  }
  return axis;
}

/// Cells of an axis that may pass its seam: those past it lie `turn` further.
MeshAxis subset_axis(const MeshAxis& axis, idx_t first, idx_t count, double turn) {
  const idx_t n = std::ssize(axis.centres);
  MeshAxis part;
  for (idx_t i = first; i < first + count; ++i) {
    const idx_t turns = i >= 0 ? i / n : -((n - 1 - i) / n);
    const std::size_t at = i - turns * n;
    const double shift = turn * static_cast<double>(turns);
    if (part.bounds.empty()) part.bounds.push_back(axis.bounds[at] + shift);
    part.centres.push_back(axis.centres[at] + shift);
    part.bounds.push_back(axis.bounds[at + 1] + shift);
  }
  return part;
}

}  // namespace

Mesh MeshBuilder::finished(Payload mesh) {
  PODSCALE_ASSERT(mesh.ny >= 1 && mesh.nx >= 1, "{} x {} points", mesh.ny, mesh.nx);
  if (!mesh.separable) {
    find_topology(mesh);
  } else {
    mesh.row_size.clear();
    const auto sized = [&](double y) { return mesh.kind == MeshKind::plane ? y : sin_degrees(y); };
    const std::vector<double>& rows = mesh.y.bounds;
    for (std::size_t j = 1; j < rows.size(); ++j)
      mesh.row_size.push_back(sized(rows[j]) - sized(rows[j - 1]));
    // The cells tile the rectangle, so the mean needs no sum.
    mesh.size = (sized(rows.back()) - sized(rows.front())) * (mesh.x.bounds.back() - mesh.x.bounds.front());
  }
  return Mesh(std::make_shared<const Payload>(std::move(mesh)));
}

Mesh Mesh::rectilinear(std::vector<double> lat, std::vector<double> lon, std::vector<double> lat_bounds,
                       std::vector<double> lon_bounds) {
  Payload mesh;
  const bool own_lat = lat_bounds.empty(), own_lon = lon_bounds.empty();
  mesh.y = make_axis(std::move(lat), std::move(lat_bounds), "latitude");
  mesh.x = make_axis(std::move(lon), std::move(lon_bounds), "longitude");
  for (const std::size_t end : {std::size_t{0}, mesh.y.centres.size() - 1})
    require_degrees(mesh.y.centres[end], mesh.x.centres.front(), end);
  if (own_lat)
    for (double* edge : {&mesh.y.bounds.front(), &mesh.y.bounds.back()})
      *edge = std::clamp(*edge, -90.0, 90.0);
  mesh.ny = std::ssize(mesh.y.centres);
  mesh.nx = std::ssize(mesh.x.centres);
  const std::vector<double>& x = mesh.x.centres;
  const std::size_t n = x.size();
  if (n > 1) {
    const double spacing = (x[n - 1] - x[0]) / static_cast<double>(n - 1);
    if (std::abs(spacing * static_cast<double>(n) - 360) < 0.25 * spacing) mesh.period = mesh.nx;
  }
  if (mesh.period > 0 && own_lon) {  // so that the first and the last cell meet
    mesh.x.bounds[0] = 0.5 * (x[n - 1] - 360 + x[0]);
    mesh.x.bounds[n] = mesh.x.bounds[0] + 360;
  }
  return MeshBuilder::finished(std::move(mesh));
}

Mesh Mesh::curvilinear(idx_t ny, idx_t nx, PointTable degrees) {
  require_sizes(ny, nx, degrees);
  for (std::size_t p = 0; p < degrees.y.size(); ++p) require_degrees(degrees.y[p], degrees.x[p], p);
  for (std::size_t c = 0; c < degrees.corner_y.size(); ++c)
    require_degrees(degrees.corner_y[c], degrees.corner_x[c], c / 4);
  Payload mesh;
  mesh.kind = MeshKind::curvilinear;
  mesh.separable = false;
  mesh.ny = ny;
  mesh.nx = nx;
  mesh.table = std::move(degrees);
  return MeshBuilder::finished(std::move(mesh));
}

Mesh Mesh::plane(std::vector<double> y, std::vector<double> x, PlaneUnit unit, std::vector<double> y_bounds,
                 std::vector<double> x_bounds) {
  Payload mesh;
  mesh.kind = MeshKind::plane;
  mesh.unit = std::move(unit);
  mesh.y = make_axis(std::move(y), std::move(y_bounds), "y");
  mesh.x = make_axis(std::move(x), std::move(x_bounds), "x");
  mesh.ny = std::ssize(mesh.y.centres);
  mesh.nx = std::ssize(mesh.x.centres);
  return MeshBuilder::finished(std::move(mesh));
}

Mesh Mesh::plane(idx_t ny, idx_t nx, PointTable table, PlaneUnit unit) {
  require_sizes(ny, nx, table);
  Payload mesh;
  mesh.kind = MeshKind::plane;
  mesh.separable = false;
  mesh.unit = std::move(unit);
  mesh.ny = ny;
  mesh.nx = nx;
  mesh.table = std::move(table);
  return MeshBuilder::finished(std::move(mesh));
}

Mesh Mesh::of_blocks(MeshKind kind, idx_t ny, idx_t nx, PointTable table, PlaneUnit unit,
                     std::vector<double> areas, idx_t period, Fold fold) {
  require_sizes(ny, nx, table);
  PODSCALE_ASSERT(areas.size() == table.y.size() && table.corner_y.size() == 4 * areas.size(),
                  "{} areas and {} corners of {} points", areas.size(), table.corner_y.size(), ny * nx);
  Payload mesh;
  mesh.kind = kind;
  mesh.separable = false;
  if (kind == MeshKind::plane) mesh.unit = std::move(unit);
  mesh.ny = ny;
  mesh.nx = nx;
  mesh.table = std::move(table);
  const double km = mesh.kilometres(mesh.space());
  for (double& area : areas) area /= km * km;
  mesh.areas = std::move(areas);
  mesh.period = period;
  mesh.fold = fold;
  return MeshBuilder::finished(std::move(mesh));
}

Mesh Mesh::image(idx_t ny, idx_t nx, double pixel) {
  PODSCALE_ASSERT(ny >= 1 && nx >= 1 && pixel > 0, "{} x {} pixels of {}", ny, nx, pixel);
  const auto edges = [&](idx_t n) {
    MeshAxis axis{{}, {0}};
    for (idx_t i = 0; i < n; ++i) {
      axis.centres.push_back(pixel * (static_cast<double>(i) + 0.5));
      axis.bounds.push_back(pixel * static_cast<double>(i + 1));
    }
    return axis;
  };
  const MeshAxis rows = edges(ny), columns = edges(nx);
  return plane(rows.centres, columns.centres, {"1", 0}, rows.bounds, columns.bounds);
}

Mesh Mesh::with_geographic(std::vector<double> lat, std::vector<double> lon) const {
  const std::size_t n = points();
  PODSCALE_ASSERT(kind() == MeshKind::plane && lat.size() == n && lon.size() == n,
                  "{} latitudes and {} longitudes of {} points", lat.size(), lon.size(), n);
  for (std::size_t p = 0; p < n; ++p) require_degrees(lat[p], lon[p], p);
  auto mesh = std::make_shared<Payload>(held());
  mesh->lat = std::move(lat);
  mesh->lon = std::move(lon);
  return Mesh(mesh);
}

Mesh Mesh::with_mapping(GridMapping mapping) const {
  auto mesh = std::make_shared<Payload>(held());
  mesh->mapping = std::move(mapping);
  return Mesh(mesh);
}

Mesh Mesh::coarsened(int factor) const {
  PODSCALE_ASSERT(factor >= 1, "factor {}", factor);
  const Payload& fine = held();
  const idx_t f = factor;
  Payload mesh = fine;
  mesh.ny = (fine.ny + f - 1) / f;
  mesh.nx = (fine.nx + f - 1) / f;
  const std::size_t n = mesh.points();
  // Of a block: its points that count, or all where none does.
  const auto block = [&](std::size_t p) {
    const idx_t j0 = static_cast<idx_t>(p) / mesh.nx * f, i0 = static_cast<idx_t>(p) % mesh.nx * f;
    std::vector<idx_t> counted, with_position;
    for (idx_t j = j0; j < std::min(j0 + f, fine.ny); ++j)
      for (idx_t i = i0; i < std::min(i0 + f, fine.nx); ++i) {
        const idx_t q = j * fine.nx + i, owner = fine.owner(q);
        if (owner == q) counted.push_back(q);
        if (owner >= 0) with_position.push_back(q);
      }
    return counted.empty() ? with_position : counted;
  };
  const auto mean = [&](std::size_t p, Space in) -> Position {
    Vector3 sum;
    const std::vector<idx_t> points = block(p);
    for (const idx_t q : points) sum = sum + vector(q, in);
    if (points.empty()) sum.x = std::nan("");
    if (in == Space::sphere) return degrees_of(sum);
    const double s = 1 / (static_cast<double>(points.size()) * fine.scale());
    return {s * sum.y, s * sum.x};
  };
  for (std::size_t p = 0; p < (fine.lat.empty() ? 0 : n); ++p) {
    const Position at = mean(p, Space::sphere);
    mesh.lat[p] = at.y;
    mesh.lon[p] = at.x;
  }
  if (!fine.lat.empty()) mesh.lat.resize(n), mesh.lon.resize(n);
  if (fine.separable) {
    mesh.y = coarsen_axis(fine.y, static_cast<std::size_t>(factor));
    mesh.x = coarsen_axis(fine.x, static_cast<std::size_t>(factor));
    mesh.period = fine.period > 0 ? mesh.nx : 0;
    return MeshBuilder::finished(std::move(mesh));
  }
  mesh.period = periodic() ? mesh.nx : 0;
  // Blocks meet at an F fold as points do where the fold maps block on block; other folds are
  // looked for.
  const bool last = fine.fold.rows == 2 * fine.ny - 1, first = fine.fold.rows == -1;
  const bool folds = periodic() && (last || first) && nx() % f == 0 && (fine.fold.columns + 1) % f == 0;
  mesh.fold = {};
  if (fine.fold.present && folds)
    mesh.fold = {true, last ? 2 * mesh.ny - 1 : -1, (fine.fold.columns + 1) / f - 1};
  mesh.counted = 0;
  mesh.table = {std::vector<double>(n), std::vector<double>(n), std::vector<double>(4 * n),
                std::vector<double>(4 * n)};
  mesh.areas.assign(n, 0.0);
  for (std::size_t p = 0; p < n; ++p) {
    const Position at = mean(p, space());
    mesh.table.y[p] = at.y;
    mesh.table.x[p] = at.x;
    for (const idx_t q : block(p)) mesh.areas[p] += std::max(0.0, fine.areas[q]);
    const idx_t j0 = static_cast<idx_t>(p) / mesh.nx * f, i0 = static_cast<idx_t>(p) % mesh.nx * f;
    const idx_t j1 = std::min(j0 + f, fine.ny) - 1, i1 = std::min(i0 + f, fine.nx) - 1;
    const std::array<idx_t, 4> outer{j0 * fine.nx + i0, j0 * fine.nx + i1, j1 * fine.nx + i1,
                                     j1 * fine.nx + i0};
    for (std::size_t k = 0; k < 4; ++k) {
      const Vector3 corner = corners(outer[k])[k];
      const Position c = space() == Space::sphere
                             ? degrees_of(corner)
                             : Position{corner.y / fine.scale(), corner.x / fine.scale()};
      mesh.table.corner_y[4 * p + k] = c.y;
      mesh.table.corner_x[4 * p + k] = c.x;
    }
  }
  return MeshBuilder::finished(std::move(mesh));
}

Mesh Mesh::subset(const Window& window) const {
  const Payload& whole = held();
  PODSCALE_ASSERT(window.points() > 0 && window.y0 >= 0 && window.y0 + window.ny <= ny() &&
                      window.nx <= nx() && (periodic() || (window.x0 >= 0 && window.x0 + window.nx <= nx())),
                  "rows {}+{}, columns {}+{} of {} x {}", window.y0, window.ny, window.x0, window.nx, ny(),
                  nx());
  Payload mesh = whole;
  mesh.ny = window.ny;
  mesh.nx = window.nx;
  const auto taken = [&](const std::vector<double>& values, std::size_t each) {
    std::vector<double> part;
    for (idx_t j = 0; j < window.ny && !values.empty(); ++j)
      for (idx_t i = 0; i < window.nx; ++i) {
        const auto first = values.begin() + point_of(*this, window, j, i) * static_cast<idx_t>(each);
        part.insert(part.end(), first, first + static_cast<idx_t>(each));
      }
    return part;
  };
  mesh.lat = taken(whole.lat, 1);
  mesh.lon = taken(whole.lon, 1);
  mesh.period = periodic() && window.nx == nx() ? nx() : 0;
  mesh.fold = {};
  if (whole.separable) {
    mesh.y = subset_axis(whole.y, window.y0, window.ny, 0);
    mesh.x = subset_axis(whole.x, window.x0, window.nx, 360);
  } else {
    mesh.table = {taken(whole.table.y, 1), taken(whole.table.x, 1), taken(whole.table.corner_y, 4),
                  taken(whole.table.corner_x, 4)};
    mesh.areas = taken(whole.areas, 1);
    mesh.counted = 0;
  }
  return MeshBuilder::finished(std::move(mesh));
}

}  // namespace podscale
