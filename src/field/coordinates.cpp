#include "coordinates.hpp"

#include <algorithm>
#include <cmath>

#include "point_table.hpp"
#include "refusal.hpp"

namespace podscale {
namespace {

/// A variable of one dimension, ascending.
struct Axis {
  std::string name;
  std::vector<double> centres, bounds;  // no bounds: half-way between centres
  bool flip = false;
  idx_t turn = 0;  // the first is this one of the file, counted after the flip
};

using Reader = std::vector<double>(const NetcdfFile&, const std::string&, const std::string&);

Axis read_axis(const NetcdfFile& file, const std::string& name, Reader read, double limit,
               const char* expected) {
  Axis axis{name, read(file, name, ""), {}, false};
  if (axis.centres.empty()) refuse(file, name, "is empty; expected at least one point");
  const auto bad = std::find_if(axis.centres.begin(), axis.centres.end(),
                                [&](double v) { return !(std::abs(v) <= limit); });
  if (bad == axis.centres.end()) return axis;
  if (!std::isnan(*bad)) refuse(file, name, fmt::format("contains {}; expected {}", *bad, expected));
  const idx_t at = bad - axis.centres.begin();
  refuse(
      file, name,
      fmt::format("has no value at position {} of {}: {} is a missing or fill value of its type; expected {} "
                  "everywhere (write it as unpacked float64)",
                  at + 1, axis.centres.size(), file.get_all(name)[at], expected));
}

/// How many times wider the step before value k is than the wider one beside it; 0 without any.
double width_of_step(const std::vector<double>& v, std::size_t k) {
  const double before = k > 1 ? v[k - 1] - v[k - 2] : 0, after = k + 1 < v.size() ? v[k + 1] - v[k] : 0;
  return std::max(before, after) > 0 ? (v[k] - v[k - 1]) / std::max(before, after) : 0;
}

/// Cells end half-way between centres, so those beside a gap would be far too large.
void refuse_gaps(const NetcdfFile& file, const Axis& axis, std::vector<std::string>& notes) {
  const std::vector<double>& v = axis.centres;
  for (std::size_t k = 1; k < v.size() && v.size() > 3 && axis.bounds.empty(); ++k) {
    const double width = width_of_step(v, k);
    const std::string place = fmt::format("between {} and {}", v[k - 1], v[k]);
    if (width > kGap)
      refuse(file, axis.name,
             fmt::format(
                 "has a gap {}, {:.3g} times as wide as the steps beside it; expected one region without "
                 "gaps: select one side, or add the missing values",
                 place, width));
    if (width > 1.9 && k > 1 && k + 1 < v.size())
      notes.push_back(fmt::format("a value of '{}' seems to be missing {}: the cells there are larger",
                                  axis.name, place));
  }
}

void turn_and_check(const NetcdfFile& file, Axis& axis) {
  std::vector<double>& v = axis.centres;
  axis.flip = v.front() > v.back();
  if (axis.flip) std::reverse(v.begin(), v.end());
  for (std::size_t j = 1; j < v.size(); ++j)
    if (!(v[j] > v[j - 1]))
      refuse(file, axis.name,
             fmt::format("is not monotonic ({} beside {}); expected one direction", v[j - 1], v[j]));
}

/// A region that was selected across the cut of the longitudes has its gap inside: it is rotated
/// so that the gap lies at the ends.
void rotate_gap(Axis& axis) {
  std::vector<double>& lon = axis.centres;
  std::size_t widest = 1;
  for (std::size_t i = 2; i < lon.size(); ++i)
    if (lon[i] - lon[i - 1] > lon[widest] - lon[widest - 1]) widest = i;
  if (lon.size() < 2) return;
  const double gap = lon[widest] - lon[widest - 1], outer = lon.front() + 360 - lon.back();
  const bool is_gap = lon.size() > 2 ? width_of_step(lon, widest) > kGap : gap > 180;
  if (!is_gap || !(gap > outer)) return;
  axis.turn = static_cast<idx_t>(widest);
  for (std::size_t i = widest; i < lon.size(); ++i) lon[i] -= 360;
  std::rotate(lon.begin(), lon.begin() + axis.turn, lon.end());
  if (lon.front() < -180)
    for (double& v : lon) v += 360;
}

/// The longitudes may start anywhere and cross their own cut once; they descend when most of their
/// steps do. Returns whether the last repeats the first, and drops it then.
bool turn_longitudes(const NetcdfFile& file, Axis& axis) {
  std::vector<double>& lon = axis.centres;
  const std::size_t n = lon.size();
  std::size_t down = 0;
  for (std::size_t i = 1; i < n; ++i) down += lon[i] < lon[i - 1] && lon[i - 1] - lon[i] < 180;
  axis.flip = 2 * down > n - 1;
  if (axis.flip) std::reverse(lon.begin(), lon.end());
  std::string back;  // a step against the others that the cut of the longitudes does not explain
  for (std::size_t i = 1; i < n && back.empty(); ++i)
    if (lon[i] < lon[i - 1] && lon[i - 1] - lon[i] < 180)
      back = fmt::format("{} beside {}", lon[i - 1], lon[i]);
  for (std::size_t i = 1; i < n; ++i)
    if (lon[i] < lon[i - 1]) lon[i] += 360 * std::ceil((lon[i - 1] - lon[i]) / 360);
  for (std::size_t i = 1; i < n; ++i)
    if (!(lon[i] > lon[i - 1]))
      refuse(file, axis.name, fmt::format("contains {} twice; expected one direction", lon[i]));
  std::vector<double> steps;
  for (std::size_t i = 1; i < n; ++i) steps.push_back(lon[i] - lon[i - 1]);
  std::sort(steps.begin(), steps.end());
  const double spacing = n > 1 ? steps[steps.size() / 2] : 0;  // whatever gap there is
  const double excess = lon.back() - lon.front() - 360;
  if (excess > 0.1 * spacing && !back.empty())
    refuse(
        file, axis.name,
        fmt::format("is not monotonic ({}); expected one direction: are columns exchanged, also in the data?",
                    back));
  if (excess > 0.1 * spacing)
    refuse(
        file, axis.name,
        fmt::format(
            "goes round the earth more than once ({} to {}, {} columns); cut the overlap first, as in 'cdo "
            "selindexbox' or 'ncks -d {},0,N'",
            lon.front(), lon.back(), n, axis.name));
  const bool repeated = n > 2 && std::abs(excess) <= 0.1 * spacing;
  if (repeated) lon.pop_back();
  rotate_gap(axis);
  return repeated;
}

/// Edges of the cells from the variable that the axis names as its bounds; turn: 360 of
/// longitudes, else 0. Positions that all lie on one side of their cells are corners, and become
/// centres. False where there are bounds, but not those of cells side by side around their
/// centres.
bool read_bounds(const NetcdfFile& file, Axis& axis, Reader read, double turn,
                 std::vector<std::string>& notes) {
  const std::string name = file.text(axis.name, "bounds").value_or("");
  if (name.empty() || !file.has_variable(name)) return true;
  const VariableInfo info = file.variable(name);
  const std::size_t n = axis.centres.size();
  if (info.dims.size() != 2 || info.shape[0] < n || info.shape[1] != 2) return false;
  const std::vector<double> pairs = read(file, name, axis.name);
  std::vector<double> edges;
  bool all_low = n > 1, all_high = n > 1;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t in_order = (i + static_cast<std::size_t>(axis.turn)) % n;
    const std::size_t at = axis.flip ? info.shape[0] - 1 - in_order : in_order;
    const double shift =
        turn > 0 ? turn * std::round((axis.centres[i] - 0.5 * (pairs[2 * at] + pairs[2 * at + 1])) / turn)
                 : 0;
    const auto [low, high] = std::minmax({pairs[2 * at] + shift, pairs[2 * at + 1] + shift});
    const double rounding = 1e-3 * (high - low), centre = axis.centres[i];
    const bool around = low - rounding <= centre && centre <= high + rounding && low < high;
    if (!around || (i > 0 && !(std::abs(low - edges.back()) <= rounding))) return false;
    all_low = all_low && centre - low <= rounding;
    all_high = all_high && high - centre <= rounding;
    if (i == 0) edges.push_back(low);
    edges.push_back(high);
  }
  if (all_low || all_high) {
    for (std::size_t i = 0; i < n; ++i) axis.centres[i] = 0.5 * (edges[i] + edges[i + 1]);
    notes.push_back(
        fmt::format("'{}' holds the {} ends of the cells that its bounds describe: their middles are "
                    "taken as positions",
                    axis.name, all_low ? "lower" : "upper"));
  }
  for (std::size_t i = 0; i < n; ++i)  // edges rounded to float
    if (!(edges[i] <= axis.centres[i] && axis.centres[i] <= edges[i + 1])) return false;
  axis.bounds = std::move(edges);
  return true;
}

/// A table in the order of the mesh.
std::vector<double> turned(std::vector<double> values, std::size_t nx, bool flip_y, bool flip_x) {
  if (flip_y) std::reverse(values.begin(), values.end());  // rows and columns
  for (std::size_t row = 0; flip_y != flip_x && row < values.size(); row += nx)
    std::reverse(values.begin() + static_cast<long>(row), values.begin() + static_cast<long>(row + nx));
  return values;
}

PlaneUnit plane_unit(const NetcdfFile& file, const CfVariable& v) {
  const PlaneUnit unit{file.text(v.y_name, "units").value_or(""), 1};
  const auto y = metres_of(unit.name), x = metres_of(file.text(v.x_name, "units").value_or(""));
  if (!y || !x || *y != *x)
    refuse(file, v.x_name,
           fmt::format("is in '{}', '{}' is in '{}'; expected one unit of length",
                       file.text(v.x_name, "units").value_or(""), v.y_name, unit.name));
  return {unit.name, *y};
}

}  // namespace

FileMesh file_mesh(const NetcdfFile& file, const CfVariable& v) {
  FileMesh result;
  const auto ny = v.info.shape[v.y], nx = v.info.shape[v.x];
  result.file_nx = static_cast<long>(nx);
  const bool sphere = v.horizontal == Horizontal::axes;
  if (v.horizontal == Horizontal::image) {
    result.notes.push_back(
        fmt::format("'{}' has no coordinates: it is an image of {} rows and {} columns", v.name, ny, nx));
    result.mesh = Mesh::image(static_cast<idx_t>(ny), static_cast<idx_t>(nx));
  } else if (v.horizontal == Horizontal::table) {
    PointTable table = read_table(file, v.y_name, v.x_name);
    if (leave_corners(table))
      result.notes.push_back(
          fmt::format("'{}' and '{}' are corners of the cells that their bounds describe: the "
                      "middles are taken as positions",
                      v.y_name, v.x_name));
    result.turn = rotate_table(table, static_cast<idx_t>(nx));
    result.mesh = Mesh::curvilinear(static_cast<idx_t>(ny), static_cast<idx_t>(nx), std::move(table));
  } else {
    const char* expected = sphere ? "degrees between -90 and 90, -1000 and 1000" : "lengths";
    Reader* const read = sphere ? degrees_in : values_of;
    Axis y = read_axis(file, v.y_name, read, sphere ? 90.001 : 1e30, expected),
         x = read_axis(file, v.x_name, read, sphere ? 1000 : 1e30, expected);
    turn_and_check(file, y);
    if (!sphere) turn_and_check(file, x);
    if (sphere && turn_longitudes(file, x))
      result.notes.push_back(
          fmt::format("the last longitude of '{}' repeats the first: that column is dropped", v.x_name));
    for (Axis* axis : {&y, &x}) {
      if (!read_bounds(file, *axis, read, sphere && axis == &x ? 360 : 0, result.notes))
        result.notes.push_back(
            fmt::format("the bounds of '{}' are not those of cells side by side: cells end "
                        "half-way between centres",
                        axis->name));
      refuse_gaps(file, *axis, result.notes);
    }
    if (sphere)
      for (double& edge : y.bounds) edge = std::clamp(edge, -90.0, 90.0);
    result.flip_y = y.flip;
    result.flip_x = x.flip;
    result.turn = x.turn;
    result.mesh = sphere ? Mesh::rectilinear(y.centres, x.centres, y.bounds, x.bounds)
                         : Mesh::plane(y.centres, x.centres, plane_unit(file, v), y.bounds, x.bounds);
    if (!v.lat_name.empty()) {
      const PointTable table = read_table(file, v.lat_name, v.lon_name);
      result.mesh = result.mesh.with_geographic(turned(table.y, nx, y.flip, x.flip),
                                                turned(table.x, nx, y.flip, x.flip));
    }
  }
  if (GridMapping mapping = read_mapping(file, v.mapping); !mapping.attributes.empty())
    result.mesh = result.mesh.with_mapping(std::move(mapping));
  return result;
}

}  // namespace podscale
