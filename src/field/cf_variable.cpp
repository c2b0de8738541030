#include "cf_variable.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "coordinates.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"
#include "podscale/field/file_contents.hpp"

namespace podscale {
namespace {

enum class Axis { none, time, lat, lon, y, x, other };  // other: rotated, or y and x without a length

/// A guess rests on a name or on axis = "Y" alone.
struct AxisKind {
  Axis axis = Axis::none;
  bool guess = false;
};

std::string lower_letters(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '_' && c != '.')
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_one_of(const std::string& text, std::initializer_list<const char*> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool has_reference_date(const std::string& units) {
  return lower_letters(units).find("since") != std::string::npos;
}

/// Whether an axis counts rows or columns: 0, 1, 2 ... or 1, 2, 3 ..., either way. Degrees that go
/// round the earth look alike.
bool counts(const NetcdfFile& file, const std::string& name, bool columns) {
  if (file.variable(name).dims.size() != 1) return false;
  const std::vector<double> values = values_of(file, name);
  const std::size_t n = values.size();
  if (n < 2 || (columns && n == 360)) return false;
  const double first = std::min(values.front(), values.back()), step = values[1] - values[0];
  for (std::size_t i = 0; i < n; ++i)
    if (values[i] != values[0] + step * static_cast<double>(i)) return false;
  return std::abs(step) == 1 && (first == 0 || first == 1);
}

/// standard_name first, then units, then axis, then the name itself. A latitude needs more than
/// axis = "Y": the axes of a projection or a rotated pole have that, too.
AxisKind axis_of(const NetcdfFile& file, const std::string& name) {
  const std::string standard = file.text(name, "standard_name").value_or("");
  const std::string units = trimmed(file.text(name, "units").value_or(""));
  const std::string axis = file.text(name, "axis").value_or(""), plain = lower_letters(name);
  if (standard.starts_with("grid_l")) return {Axis::other};
  const bool named_y = standard.starts_with("projection_y_"), named_x = standard.starts_with("projection_x_");
  if (named_y || named_x) return {!metres_of(units) ? Axis::other : named_y ? Axis::y : Axis::x};
  const auto angle = angle_unit(units);
  if (standard == "latitude" || (angle && angle->along == AngleUnit::lat)) return {Axis::lat};
  if (standard == "longitude" || (angle && angle->along == AngleUnit::lon)) return {Axis::lon};
  if (standard == "time" || has_reference_date(units) || axis == "T") return {Axis::time};
  const bool y = axis == "Y" || is_one_of(plain, {"lat", "latitude", "navlat", "y"});
  const bool x = axis == "X" || is_one_of(plain, {"lon", "longitude", "long", "navlon", "x"});
  if (y || x) {
    if (metres_of(units)) return {y ? Axis::y : Axis::x};
    // Numbers without a unit: row and column numbers as likely as degrees, unless the name says
    // which.
    const bool named = !is_one_of(plain, {"y", "x"}), radians = angle && angle->degrees != 1;
    const bool is_angle = (angle && !radians) || (named && (units.empty() || radians));
    const bool numbers = !is_angle || (trimmed(units).empty() && standard.empty() && counts(file, name, x));
    return {numbers ? Axis::other : y ? Axis::lat : Axis::lon, true};
  }
  return {is_one_of(plain, {"time", "t", "timecounter", "times"}) ? Axis::time : Axis::none, true};
}

bool holds_text(const VariableInfo& info) {
  return info.type == NC_CHAR || info.type >= NC_STRING;
}

/// One-dimensional variables along `dim`, its namesake first.
std::vector<std::string> coordinates_along(const NetcdfFile& file, const std::string& dim) {
  std::vector<std::string> names;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims != std::vector{dim} || holds_text(info)) continue;
    names.insert(name == dim ? names.begin() : names.end(), name);
  }
  return names;
}

constexpr const char* kRegrid = "regrid it first, as in 'cdo remapbil,r360x180 in.nc out.nc'";

// Rank 0 alone and all ranks together both come here; the latter see the same file, hence the same
// error.
template <class... Args>
[[noreturn]] void refuse(const std::string& where, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::data, where + fmt::format(format, std::forward<Args>(args)...), true);
}

std::vector<std::string> words_of(const NetcdfFile& file, const std::string& name, const char* attribute) {
  std::istringstream text(file.text(name, attribute).value_or(""));
  return {std::istream_iterator<std::string>(text), {}};
}

/// Names of coordinates that the variable gives itself; "associate" is what CF 1.0 made
/// "coordinates" of.
std::vector<std::string> named_coordinates(const NetcdfFile& file, const CfVariable& v) {
  std::vector<std::string> names = words_of(file, v.name, "coordinates");
  for (const std::string& name : words_of(file, v.name, "associate")) names.push_back(name);
  return names;
}

/// Latitude and longitude along the same two dimensions of the variable: those that it names, else
/// the only ones of the file.
struct Tables {
  std::string lat, lon;
  std::vector<std::string> dims;
};
std::optional<Tables> tables_of(const NetcdfFile& file, const CfVariable& v, const std::string& where) {
  const auto pairs_among = [&](const std::vector<std::string>& names) {
    std::vector<Tables> pairs;
    for (const Axis wanted : {Axis::lat, Axis::lon})
      for (const std::string& name : names) {
        if (!file.has_variable(name) || name == v.name) continue;
        const VariableInfo info = file.variable(name);
        if (info.dims.size() != 2 || info.dims[0] == info.dims[1] || holds_text(info)) continue;
        const bool ours = std::all_of(info.dims.begin(), info.dims.end(), [&](const std::string& d) {
          return std::find(v.info.dims.begin(), v.info.dims.end(), d) != v.info.dims.end();
        });
        if (!ours || axis_of(file, name).axis != wanted) continue;
        if (wanted == Axis::lat) pairs.push_back({name, "", info.dims});
        for (Tables& pair : pairs)
          if (wanted == Axis::lon && pair.lon.empty() && pair.dims == info.dims) {
            pair.lon = name;
            break;
          }
      }
    std::erase_if(pairs, [](const Tables& pair) { return pair.lon.empty(); });
    return pairs;
  };
  auto pairs = pairs_among(named_coordinates(file, v));
  if (pairs.empty()) pairs = pairs_among(file.variable_names());
  if (pairs.empty()) return std::nullopt;
  if (pairs.size() > 1)
    refuse(
        where,
        "may lie at '{}' and '{}' or at '{}' and '{}'; name one pair in its attribute 'coordinates', as in "
        "'ncatted -a coordinates,{},o,c,\"{} {}\" in.nc'",
        pairs[0].lat, pairs[0].lon, pairs[1].lat, pairs[1].lon, v.name, pairs[0].lat, pairs[0].lon);
  return pairs[0];
}

/// Of several latitudes along one dimension: its namesake, the one that the variable names, or the
/// first where all are the same.
std::string only_of(const NetcdfFile& file, const CfVariable& v, std::vector<std::string> names,
                    const std::string& where) {
  if (file.variable(names[0]).dims[0] == names[0]) return names[0];
  const auto named = named_coordinates(file, v);
  std::vector<std::string> wanted;
  for (const std::string& name : names)
    if (std::find(named.begin(), named.end(), name) != named.end()) wanted.push_back(name);
  if (!wanted.empty()) names = wanted;
  for (const std::string& name : names)
    if (values_of(file, name) != values_of(file, names[0]))
      refuse(where,
             "may lie at '{}' or at '{}'; name one in its attribute 'coordinates', as in 'ncatted -a "
             "coordinates,{},o,c,\"{}\" in.nc'",
             names[0], name, v.name, names[0]);
  return names[0];
}

/// Times that are words, as of xarray or WRF.
void refuse_text_times(const NetcdfFile& file, CfVariable& v, const std::string& where) {
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (!holds_text(info) || info.dims.empty()) continue;
    const auto dim = std::find(v.info.dims.begin(), v.info.dims.end(), info.dims[0]);
    const std::string standard = file.text(name, "standard_name").value_or("");
    const bool is_time = standard == "time" || name == info.dims[0] ||
                         lower_letters(name).find("time") != std::string::npos ||
                         lower_letters(name).find("date") != std::string::npos;
    if (dim == v.info.dims.end() || !is_time) continue;
    v.time = static_cast<int>(dim - v.info.dims.begin());
    refuse(
        where,
        "has its times as text, in '{}'; expected numbers in units such as 'days since 1970-01-01'; set them "
        "first, as in 'cdo settaxis,1990-01-15,00:00:00,1month in.nc out.nc'",
        name);
  }
}

/// Two dimensions that no coordinate variable describes: an image, unless something points to
/// coordinates that are elsewhere. Sets y and x.
bool is_image(const NetcdfFile& file, CfVariable& v, const std::string& where) {
  std::vector<int> plain;
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d)
    if (d != v.time && v.info.shape[d] != 1) plain.push_back(d);
  if (plain.size() != 2) return false;
  for (const int d : plain)
    if (!coordinates_along(file, v.info.dims[d]).empty()) return false;
  for (const std::string& name : named_coordinates(file, v)) {
    if (!file.has_variable(name))
      refuse(where, "names the coordinate '{}', which the file does not hold; add it, as by 'ncks -A -v {}'",
             name, name);
    const VariableInfo info = file.variable(name);
    const Axis axis = axis_of(file, name).axis;
    if (axis == Axis::lat || axis == Axis::lon)
      refuse(where, "names the coordinate '{}' of dimensions ({}); expected two that '{}' has, too", name,
             fmt::join(info.dims, ", "), v.name);
  }
  if (!v.mapping.empty())
    refuse(where, "has the grid mapping '{}', but no coordinates along '{}' and '{}'; expected them",
           v.mapping, v.info.dims[plain[0]], v.info.dims[plain[1]]);
  for (const int d : plain)
    if (const std::string dim = lower_letters(v.info.dims[d]);
        dim.find("lat") != std::string::npos || dim.find("lon") != std::string::npos)
      refuse(
          where,
          "lies along '{}' and '{}', but the file holds no coordinates of them; add them, as by 'ncks -A -v "
          "{},{} grid.nc in.nc'",
          v.info.dims[plain[0]], v.info.dims[plain[1]], v.info.dims[plain[0]], v.info.dims[plain[1]]);
  v.y = plain[0];
  v.x = plain[1];
  return true;
}

/// is_field: whether the variable has horizontal dimensions at all, also when it is refused.
void find_axes(const NetcdfFile& file, CfVariable& v, bool needs_time, bool& is_field) {
  is_field = true;
  const std::string where = fmt::format("{}: variable '{}' ", file.path(), v.name);
  const std::string shape = fmt::format("({})", fmt::join(v.info.dims, ", "));
  struct Found {
    std::string name;
    int dim = -1;
    bool guess = false;
  };
  std::map<Axis, Found> found;
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d) {
    const std::string& dim = v.info.dims[d];
    std::set<Axis> kinds;
    std::map<Axis, std::vector<std::string>> sure;  // those that attributes make coordinates
    for (const std::string& name : coordinates_along(file, dim)) {
      const auto [axis, guess] = axis_of(file, name);
      if (axis == Axis::none) continue;
      if (axis != Axis::time && kinds.count(Axis::time))
        continue;  // the track of a ship: lat(time), lon(time)
      kinds.insert(axis);
      if (kinds.count(Axis::lat) && kinds.count(Axis::lon))
        refuse(where, "is on an unstructured grid: latitude and longitude both run along '{}'; {}", dim,
               kRegrid);
      Found& chosen = found[axis];
      if (!guess) sure[axis].push_back(name);
      // NEMO's time_counter carries axis = "T" only; the units are those of time_centered along the
      // same dimension.
      const bool dated = axis == Axis::time && chosen.dim == d &&
                         !has_reference_date(file.text(chosen.name, "units").value_or("")) &&
                         has_reference_date(file.text(name, "units").value_or(""));
      if (chosen.dim < 0 || dated || (axis != Axis::time && chosen.guess && !guess))
        chosen = {name, d, guess};
      v.time = found[Axis::time].dim;
    }
    for (const auto& [axis, names] : sure)
      if (Found& chosen = found[axis]; axis != Axis::time && chosen.dim == d && names.size() > 1)
        chosen.name = only_of(file, v, names, where);
  }
  if (needs_time && v.time < 0) refuse_text_times(file, v, where);
  v.time_name = found[Axis::time].name;
  const auto mapping = words_of(file, v.name, "grid_mapping");
  if (!mapping.empty()) v.mapping = mapping[0].substr(0, mapping[0].find(':'));
  const auto tables = tables_of(file, v, where);
  const auto take = [&](Horizontal how, const Found& y, const Found& x) {
    v.horizontal = how;
    v.y = y.dim, v.x = x.dim;
    v.y_name = y.name, v.x_name = x.name;
  };
  const auto position = [&](const std::string& dim) {
    return static_cast<int>(std::find(v.info.dims.begin(), v.info.dims.end(), dim) - v.info.dims.begin());
  };
  const Found &lat = found[Axis::lat], &lon = found[Axis::lon], &y = found[Axis::y], &x = found[Axis::x];
  if (lat.dim >= 0 && lon.dim >= 0 && !(tables && (lat.guess || lon.guess))) {
    take(Horizontal::axes, lat, lon);
  } else if (y.dim >= 0 && x.dim >= 0) {
    take(Horizontal::plane, y, x);
    if (tables && position(tables->dims[0]) == y.dim && position(tables->dims[1]) == x.dim)
      v.lat_name = tables->lat, v.lon_name = tables->lon;
  } else if (tables) {
    take(Horizontal::table, {tables->lat, position(tables->dims[0])},
         {tables->lon, position(tables->dims[1])});
  } else if (const Found& other = found[Axis::other]; other.dim >= 0) {
    if (trimmed(file.text(other.name, "units").value_or("")).empty() &&
        !file.text(other.name, "standard_name") && counts(file, other.name, false))
      refuse(
          where,
          "lies along '{}', which counts 0, 1, 2 ... or 1, 2, 3 ... without units: numbers of rows or columns, "
          "no positions; expected latitude and longitude beside it, or its units ('ncatted -a "
          "units,{},o,c,degrees_north in.nc')",
          other.name, other.name);
    refuse(
        where,
        "lies along the axis '{}' in '{}'; expected a length (projection), degrees_north and degrees_east, "
        "or latitude and longitude of two dimensions beside it; {}",
        other.name, file.text(other.name, "units").value_or(""), kRegrid);
  } else if (lat.dim < 0 && lon.dim < 0 && is_image(file, v, where)) {
    v.horizontal = Horizontal::image;
  } else {
    is_field = false;
    refuse(where,
           "has dimensions {}, none of which is {}; expected (time, lat, lon) with CF attributes on the "
           "coordinates",
           shape, lat.dim < 0 ? "a latitude" : "a longitude");
  }
  if (needs_time && v.time < 0)
    refuse(where, "has dimensions {} and no time; expected (time, lat, lon)", shape);
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d) {
    const std::size_t i = d;
    if (d != v.time && d != v.y && d != v.x && d != v.further && v.info.shape[i] != 1)
      refuse(where,
             "has {} elements along '{}'; expected one; select it first, as in 'ncks -d {},0 in.nc out.nc'",
             v.info.shape[i], v.info.dims[i], v.info.dims[i]);
  }
  if (v.y >= v.x || v.time >= v.y)
    refuse(where,
           "has dimensions {}; expected time, latitude, longitude in this order; reorder them first, as in "
           "'ncpdq -a {}{},{} in.nc out.nc'",
           shape, v.time < 0 ? "" : v.info.dims[v.time] + ",", v.info.dims[v.y], v.info.dims[v.x]);
}

/// Whether a variable describes others: bounds and coordinates are no fields.
bool describes_others(const NetcdfFile& file, const std::string& name) {
  const Axis axis = axis_of(file, name).axis;
  if (axis == Axis::lat || axis == Axis::lon) return true;
  for (const std::string& other : file.variable_names())
    if (file.text(other, "bounds").value_or("") == name) return true;
  return false;
}

}  // namespace

CfVariable cf_variable(const NetcdfFile& file, const std::string& name, bool needs_time,
                       const std::string& further) {
  CfVariable v;
  v.name = name;
  v.info = file.variable(name);
  if (holds_text(v.info)) refuse(file.path(), ": variable '{}' holds text; expected numbers", name);
  const auto& dims = v.info.dims;
  if (const auto found = std::find(dims.begin(), dims.end(), further); found != dims.end())
    v.further = static_cast<int>(found - dims.begin());
  bool is_field = false;
  find_axes(file, v, needs_time, is_field);
  file.require_filters(name);
  v.units = file.text(name, "units").value_or("");
  v.packing = packing_of(file, name);
  return v;
}

namespace {

/// A variable over horizontal dimensions; refusal: why it cannot be used, "" where it can.
struct Candidate {
  CfVariable variable;
  bool is_field = false;
  std::string refusal;
  bool has_time() const { return variable.time >= 0; }
};

std::vector<Candidate> candidates_in(const NetcdfFile& file) {
  std::vector<Candidate> all;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims.size() < 2 || holds_text(info) || describes_others(file, name)) continue;
    for (const bool needs_time : {true, false}) {
      Candidate c;
      c.variable.name = name;
      c.variable.info = info;
      try {
        find_axes(file, c.variable, needs_time, c.is_field);
      } catch (const Error& error) {
        if (error.code() != ExitCode::data) throw;
        c.refusal = error.what();
      }
      if (needs_time && !c.has_time()) continue;  // a map, unless something else is wrong
      all.push_back(std::move(c));
      break;
    }
  }
  return all;
}

}  // namespace

FieldsOfFile fields_of(const NetcdfFile& file) {
  FieldsOfFile fields, images;
  for (const auto& [v, is_field, refusal] : candidates_in(file)) {
    FieldsOfFile& kind = refusal.empty() && v.horizontal == Horizontal::image ? images : fields;
    if (refusal.empty())
      (v.time < 0 ? kind.maps : kind.series).push_back(v.name);
    else if (is_field)
      fields.refused.emplace_back(v.name, refusal);
  }
  return fields.series.empty() && fields.maps.empty() && fields.refused.empty() ? images : fields;
}

std::string only_cf_variable(const NetcdfFile& file, bool needs_time) {
  std::vector<std::string> found, images;
  std::string reason;  // of a file without any usable variable: what the first one over time lacks
  for (const Candidate& c : candidates_in(file)) {
    const CfVariable& v = c.variable;
    if (needs_time && !c.has_time()) continue;
    if (!c.refusal.empty()) {
      if (reason.empty() && c.is_field) reason = c.refusal;
    } else if (needs_time || !c.has_time() || v.info.shape[v.time] == 1) {
      (v.horizontal == Horizontal::image ? images : found).push_back(v.name);
    }
  }
  if (found.empty() && reason.empty()) found = images;
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    refuse(file.path(), ": variables {} all have {}latitude and longitude; name the one to use{}",
           fmt::join(found, ", "), needs_time ? "time, " : "",
           needs_time ? " (hr_variable, lr_variable; --hr-variable, --lr-variable)" : "");
  if (!reason.empty()) refuse(reason, "");
  refuse(file.path(), ": no variable has {}latitude and longitude; it holds: {}", needs_time ? "time, " : "",
         file.contents());
}

}  // namespace podscale
