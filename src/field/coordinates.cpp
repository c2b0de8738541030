#include "coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"
#include "podscale/core/units.hpp"

namespace podscale {
namespace {

[[noreturn]] void refuse(const NetcdfFile& file, const std::string& name, const std::string& reason) {
  throw Error(ExitCode::data, fmt::format("{}: coordinate '{}' {}", file.path(), name, reason), true);
}

/// A variable of one dimension, ascending.
struct Axis {
  std::string name;
  std::vector<double> centres, bounds;  // no bounds: half-way between centres
  bool flip = false;
};

using Reader = std::vector<double>(const NetcdfFile&, const std::string&, const std::string&);

Axis read_axis(const NetcdfFile& file, const std::string& name, Reader read, double limit,
               const char* expected) {
  Axis axis{name, read(file, name, ""), {}, false};
  if (axis.centres.empty()) refuse(file, name, "is empty; expected at least one point");
  for (const double v : axis.centres)
    if (!(std::abs(v) <= limit)) refuse(file, name, fmt::format("contains {}; expected {}", v, expected));
  return axis;
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

/// The longitudes may start anywhere and cross their own cut once; they descend when most of their
/// steps do. Returns whether the last repeats the first, and drops it then.
bool turn_longitudes(const NetcdfFile& file, Axis& axis) {
  std::vector<double>& lon = axis.centres;
  const std::size_t n = lon.size();
  std::size_t down = 0;
  for (std::size_t i = 1; i < n; ++i) down += lon[i] < lon[i - 1] && lon[i - 1] - lon[i] < 180;
  axis.flip = 2 * down > n - 1;
  if (axis.flip) std::reverse(lon.begin(), lon.end());
  for (std::size_t i = 1; i < n; ++i)
    if (lon[i] < lon[i - 1]) lon[i] += 360 * std::ceil((lon[i - 1] - lon[i]) / 360);
  for (std::size_t i = 1; i < n; ++i)
    if (!(lon[i] > lon[i - 1]))
      refuse(file, axis.name, fmt::format("contains {} twice; expected one direction", lon[i]));
  const double spacing = n > 1 ? (lon.back() - lon.front()) / static_cast<double>(n - 1) : 0;
  const double excess = lon.back() - lon.front() - 360;
  if (excess > 0.1 * spacing)
    refuse(
        file, axis.name,
        fmt::format(
            "goes round the earth more than once ({} to {}, {} columns); cut the overlap first, as in 'cdo "
            "selindexbox' or 'ncks -d {},0,N'",
            lon.front(), lon.back(), n, axis.name));
  const bool repeated = n > 2 && std::abs(excess) <= 0.1 * spacing;
  if (repeated) lon.pop_back();
  return repeated;
}

/// Edges of the cells from the variable that the axis names as its bounds; turn: 360 of longitudes,
/// else 0. False where there are some, but not those of cells side by side around their centres.
bool read_bounds(const NetcdfFile& file, Axis& axis, Reader read, double turn) {
  const std::string name = file.text(axis.name, "bounds").value_or("");
  if (name.empty() || !file.has_variable(name)) return true;
  const VariableInfo info = file.variable(name);
  const std::size_t n = axis.centres.size();
  if (info.dims.size() != 2 || info.shape[0] < n || info.shape[1] != 2) return false;
  const std::vector<double> pairs = read(file, name, axis.name);
  std::vector<double> edges;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = axis.flip ? info.shape[0] - 1 - i : i;
    const double shift =
        turn > 0 ? turn * std::round((axis.centres[i] - 0.5 * (pairs[2 * at] + pairs[2 * at + 1])) / turn)
                 : 0;
    const auto [low, high] = std::minmax({pairs[2 * at] + shift, pairs[2 * at + 1] + shift});
    const bool around = low <= axis.centres[i] && axis.centres[i] <= high && low < high;
    if (!around || (i > 0 && !(std::abs(low - edges.back()) <= 1e-3 * (high - low)))) return false;
    if (i == 0) edges.push_back(low);
    edges.push_back(high);
  }
  for (std::size_t i = 0; i < n; ++i)  // edges rounded to float
    if (!(edges[i] <= axis.centres[i] && axis.centres[i] <= edges[i + 1])) return false;
  axis.bounds = std::move(edges);
  return true;
}

/// Latitudes and longitudes of two dimensions, and the corners of their cells.
PointTable read_table(const NetcdfFile& file, const std::string& lat, const std::string& lon) {
  PointTable table{degrees_in(file, lat), degrees_in(file, lon), {}, {}};
  for (std::size_t p = 0; p < table.y.size(); ++p) {
    if (std::isnan(table.y[p]) || std::isnan(table.x[p])) table.y[p] = table.x[p] = std::nan("");
    if (std::abs(table.y[p]) > 90.001 || std::abs(table.x[p]) > 1000)
      refuse(file, lat,
             fmt::format("has a point at {} N, {} E; expected degrees, or missing values where there is none",
                         table.y[p], table.x[p]));
  }
  if (std::all_of(table.y.begin(), table.y.end(), [](double y) { return std::isnan(y); }))
    refuse(file, lat, "has no position at all; expected degrees");
  const auto corners = [&](const std::string& name) -> std::vector<double> {
    const std::string bounds = file.text(name, "bounds").value_or("");
    if (bounds.empty() || !file.has_variable(bounds)) return {};
    const VariableInfo info = file.variable(bounds), cells = file.variable(name);
    if (info.shape != std::vector{cells.shape[0], cells.shape[1], std::size_t{4}}) return {};
    std::vector<double> values = degrees_in(file, bounds, name);
    for (double& v : values)
      if (!(std::abs(v) <= 1000)) v = std::nan("");  // of cells without a position
    return values;
  };
  table.corner_y = corners(lat);
  table.corner_x = corners(lon);
  for (double& v : table.corner_y) v = std::clamp(v, -90.0, 90.0);
  if (table.corner_y.size() != table.corner_x.size()) table.corner_y.clear(), table.corner_x.clear();
  return table;
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

std::vector<double> values_of(const NetcdfFile& file, const std::string& name, const std::string& of) {
  std::vector<double> values = file.get_all(name);
  Packing packing = packing_of(file, name);
  const auto is_real = [&](const std::string& v) {
    return file.variable(v).type == NC_FLOAT || file.variable(v).type == NC_DOUBLE;
  };
  if (!of.empty() && is_real(name) <= is_real(of) && !file.numbers(name, "scale_factor") &&
      !file.numbers(name, "add_offset")) {
    const Packing other = packing_of(file, of);
    packing.scale = other.scale, packing.offset = other.offset;
    packing.missing.insert(packing.missing.end(), other.missing.begin(), other.missing.end());
  }
  for (double& v : values) {
    v = packing.unpack(v);
    if (!std::isfinite(v)) v = std::numeric_limits<double>::quiet_NaN();
  }
  return values;
}

std::vector<double> degrees_in(const NetcdfFile& file, const std::string& name, const std::string& of) {
  std::vector<double> values = values_of(file, name, of);
  std::string units = file.text(name, "units").value_or("");
  if (!of.empty() && trimmed(units).empty()) units = file.text(of, "units").value_or("");
  const std::string unit = lower(trimmed(units));
  const bool radians = unit.starts_with("rad");
  if (!radians && !unit.empty() && !unit.starts_with("deg"))
    refuse(file, name, fmt::format("is in '{}'; expected degrees or radians (set them with ncatted)", units));
  for (double& v : values)
    if (radians) v /= kRadians;
  return values;
}

std::uint64_t coordinates_checksum(const NetcdfFile& file, const CfVariable& v) {
  Checksum sum;
  const auto add = [&](const std::string& text) { sum.add_bytes(text.c_str(), text.size() + 1); };
  for (const int dim : {v.y, v.x}) sum.add(v.info.shape[dim]);
  for (const std::string& name : {v.y_name, v.x_name, v.lat_name, v.lon_name}) {
    const std::string bounds = name.empty() ? "" : file.text(name, "bounds").value_or("");
    for (const std::string& part : {name, bounds}) {
      add(part);
      if (part.empty() || !file.has_variable(part)) continue;
      const VariableInfo info = file.variable(part);
      for (const std::size_t size : info.shape) sum.add(size);
      add(file.text(part, "units").value_or(""));
      if (info.type == NC_CHAR || info.type >= NC_STRING) continue;
      const std::vector<double> values = values_of(file, part, part == name ? "" : name);
      sum.add_bytes(values.data(), values.size() * sizeof(double));
    }
  }
  for (const auto& a : read_mapping(file, v.mapping).attributes)
    add(fmt::format("{} {} {}", a.name, a.text, fmt::join(a.numbers, " ")));
  return sum.value();
}

std::optional<double> metres_of(const std::string& units) {
  if (trimmed(units).empty()) return std::nullopt;
  try {
    const UnitConversion metres = unit_conversion(units, "m", "");
    if (metres.offset == 0 && metres.scale > 0) return metres.scale;
  } catch (const Error&) {  // another kind of unit, or none that is known
  }
  return std::nullopt;
}

GridMapping read_mapping(const NetcdfFile& file, const std::string& name) {
  if (name.empty() || !file.has_variable(name)) return {};
  GridMapping mapping{name, {}};
  for (const std::string& attribute : file.attribute_names(name)) {
    if (attribute == "_FillValue" || attribute == "missing_value") continue;
    mapping.attributes.push_back({attribute, file.text(name, attribute).value_or(""),
                                  file.numbers(name, attribute).value_or(std::vector<double>{})});
  }
  return mapping;
}

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
    result.mesh = Mesh::curvilinear(static_cast<idx_t>(ny), static_cast<idx_t>(nx),
                                    read_table(file, v.y_name, v.x_name));
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
    for (Axis* axis : {&y, &x})
      if (!read_bounds(file, *axis, read, sphere && axis == &x ? 360 : 0))
        result.notes.push_back(
            fmt::format("the bounds of '{}' are not those of cells side by side: cells end "
                        "half-way between centres",
                        axis->name));
    if (sphere)
      for (double& edge : y.bounds) edge = std::clamp(edge, -90.0, 90.0);
    result.flip_y = y.flip;
    result.flip_x = x.flip;
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
