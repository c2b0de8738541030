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

/// Stretched axes change their steps by less than this factor; two missing rows make it 3.
constexpr double kGap = 2.5;

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

/// Edges of the cells from the variable that the axis names as its bounds; turn: 360 of longitudes,
/// else 0. Positions that all lie on one side of their cells are corners, and become centres.
/// False where there are bounds, but not those of cells side by side around their centres.
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

/// Positions that are all the same corner of their cells become the middles of the cells. Returns
/// whether they were.
bool leave_corners(PointTable& table) {
  const std::size_t n = table.y.size();
  const auto corner = [&](std::size_t c) { return unit_vector({table.corner_y[c], table.corner_x[c]}); };
  const auto are_corners = [&](std::size_t k) {
    bool any = false;
    for (std::size_t p = 0; p < n; ++p) {
      const double size = norm(corner(4 * p) - corner(4 * p + 2));
      if (std::isnan(size) || std::isnan(table.y[p])) continue;
      if (!(norm(unit_vector({table.y[p], table.x[p]}) - corner(4 * p + k)) <= 1e-3 * size)) return false;
      any = any || size > 0;
    }
    return any;
  };
  bool found = false;
  for (std::size_t k = 0; k < 4 && !found && !table.corner_y.empty(); ++k) found = are_corners(k);
  for (std::size_t p = 0; p < n && found; ++p) {
    const Position at = degrees_of(corner(4 * p) + corner(4 * p + 1) + corner(4 * p + 2) + corner(4 * p + 3));
    if (!std::isnan(at.y)) table.y[p] = at.y, table.x[p] = at.x;
  }
  return found;
}

/// Rotates the rows of a table that was selected across the cut of the longitudes: one step goes
/// back, against all the others, and the first column is the eastern neighbour of the last.
/// Returns the column of the file that is the first now.
idx_t rotate_table(PointTable& table, idx_t nx) {
  const idx_t ny = std::ssize(table.x) / std::max<idx_t>(nx, 1);
  const auto step = [&](idx_t j, idx_t from, idx_t to) {
    return std::remainder(table.x[j * nx + to] - table.x[j * nx + from], 360.0);
  };
  std::vector<double> middle(nx);  // of the steps from each column to the next, the last to the first
  for (idx_t i = 0; i < nx; ++i) {
    std::vector<double> steps;
    for (idx_t j = 0; j < ny; ++j)
      if (const double s = step(j, i, (i + 1) % nx); !std::isnan(s)) steps.push_back(s);
    if (steps.empty()) return 0;
    std::nth_element(steps.begin(), steps.begin() + std::ssize(steps) / 2, steps.end());
    middle[i] = steps[steps.size() / 2];
  }
  const auto outer = middle.back();
  idx_t back = -1;
  for (idx_t i = 0; i + 1 < nx; ++i)
    if (middle[i] * outer < 0) {
      if (back >= 0) return 0;
      back = i;
    }
  if (nx < 3 || back < 0) return 0;
  const double beside = std::abs(middle[back > 0 ? back - 1 : back + 1]);
  if (!(std::abs(outer) < kGap * beside)) return 0;
  const auto rotate = [&](std::vector<double>& values, idx_t each) {
    for (idx_t j = 0; j < ny && !values.empty(); ++j) {
      const auto row = values.begin() + j * nx * each;
      std::rotate(row, row + (back + 1) * each, row + nx * each);
    }
  };
  for (std::vector<double>* values : {&table.y, &table.x}) rotate(*values, 1);
  for (std::vector<double>* values : {&table.corner_y, &table.corner_x}) rotate(*values, 4);
  return back + 1;
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

std::optional<AngleUnit> angle_unit(const std::string& units) {
  std::string text;
  for (const char c : lower(trimmed(units)))
    if (c != ' ' && c != '_' && c != '.') text += c;
  if (const auto sign = text.find("\u00b0"); sign != std::string::npos) text.replace(sign, 2, "deg");
  const auto strip = [&](std::initializer_list<const char*> prefixes) {
    for (const std::string prefix : prefixes)
      if (text.starts_with(prefix)) return text.erase(0, prefix.size()), true;
    return false;
  };
  // "degree_S" is no plural, "degrees" is one.
  const std::string spelled = trimmed(units);
  const bool south = spelled.ends_with('S') && !spelled.starts_with("DEG");
  if (south) text.back() = '-';
  strip({"decimal"});
  AngleUnit unit{AngleUnit::any, 1};
  if (strip({"radians", "radian", "rad"}))
    unit.degrees = 1 / kRadians;
  else if (!strip({"degrees", "degree", "degs", "deg"}))
    return std::nullopt;
  const bool southward = south || text == "south", westward = text == "west" || text == "w";
  if (text == "north" || text == "n" || southward) unit.along = AngleUnit::lat;
  if (text == "east" || text == "e" || westward) unit.along = AngleUnit::lon;
  if (southward || westward) unit.degrees = -unit.degrees;
  if (unit.along == AngleUnit::any && !text.empty() && text != "true") return std::nullopt;
  return unit;
}

std::vector<double> degrees_in(const NetcdfFile& file, const std::string& name, const std::string& of) {
  std::vector<double> values = values_of(file, name, of);
  std::string units = file.text(name, "units").value_or("");
  if (!of.empty() && trimmed(units).empty()) units = file.text(of, "units").value_or("");
  if (trimmed(units).empty()) return values;
  const auto unit = angle_unit(units);
  if (!unit)
    refuse(file, name, fmt::format("is in '{}'; expected degrees or radians (set them with ncatted)", units));
  for (double& v : values)
    if (unit->degrees != 1) v *= unit->degrees;
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
