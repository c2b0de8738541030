#include "cf_variable.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

enum class Axis { none, time, lat, lon, projected };

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

/// standard_name first, then units, then axis, then the name itself. A latitude needs more than axis = "Y":
/// the axes of a projection or a rotated pole have that, too.
Axis axis_of(const NetcdfFile& file, const std::string& name) {
  const std::string standard = file.text(name, "standard_name").value_or("");
  const std::string units = file.text(name, "units").value_or(""), degrees = lower_letters(units);
  const std::string axis = file.text(name, "axis").value_or(""), plain = lower_letters(name);
  if (standard.starts_with("grid_l") || standard.starts_with("projection_")) return Axis::projected;
  if (standard == "latitude" ||
      is_one_of(degrees, {"degreesnorth", "degreenorth", "degreesn", "degreen", "degn"}))
    return Axis::lat;
  if (standard == "longitude" ||
      is_one_of(degrees, {"degreeseast", "degreeeast", "degreese", "degreee", "dege"}))
    return Axis::lon;
  if (standard == "time" || has_reference_date(units) || axis == "T") return Axis::time;
  const bool angle = degrees.empty() || degrees.starts_with("deg");
  const bool y = axis == "Y" || is_one_of(plain, {"lat", "latitude", "navlat", "y"});
  const bool x = axis == "X" || is_one_of(plain, {"lon", "longitude", "long", "navlon", "x"});
  if (y || x) return !angle ? Axis::projected : y ? Axis::lat : Axis::lon;
  return is_one_of(plain, {"time", "t", "timecounter", "times"}) ? Axis::time : Axis::none;
}

/// One-dimensional variables along `dim`, its namesake first.
std::vector<std::string> coordinates_along(const NetcdfFile& file, const std::string& dim) {
  std::vector<std::string> names;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims != std::vector{dim} || info.type == NC_CHAR || info.type >= NC_STRING) continue;
    names.insert(name == dim ? names.begin() : names.end(), name);
  }
  return names;
}

/// "nav_lat, nav_lon" when the file holds two-dimensional latitudes or longitudes along dimensions of the
/// variable.
std::string curvilinear_coordinates(const NetcdfFile& file, const VariableInfo& info) {
  std::string list;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo other = file.variable(name);
    if (other.dims.size() != 2 || other.type == NC_CHAR) continue;
    const bool ours = std::all_of(other.dims.begin(), other.dims.end(), [&](const std::string& d) {
      return std::find(info.dims.begin(), info.dims.end(), d) != info.dims.end();
    });
    if (!ours) continue;
    const Axis axis = axis_of(file, name);
    if (axis == Axis::lat || axis == Axis::lon) list += (list.empty() ? "" : ", ") + name;
  }
  return list;
}

constexpr const char* kRegrid = "regrid it first, as in 'cdo remapbil,r360x180 in.nc out.nc'";

// Rank 0 alone and all ranks together both come here; the latter see the same file, hence the same error.
template <class... Args>
[[noreturn]] void refuse(const std::string& where, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::data, where + fmt::format(format, std::forward<Args>(args)...), true);
}

/// is_field: whether the variable has horizontal dimensions at all, also when it is refused.
void find_axes(const NetcdfFile& file, CfVariable& v, bool needs_time, bool& is_field) {
  is_field = true;
  const std::string where = fmt::format("{}: variable '{}' ", file.path(), v.name);
  const std::string shape = fmt::format("({})", fmt::join(v.info.dims, ", "));
  std::string projected;
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d) {
    const std::string& dim = v.info.dims[static_cast<std::size_t>(d)];
    std::set<Axis> kinds;
    for (const std::string& name : coordinates_along(file, dim)) {
      const Axis axis = axis_of(file, name);
      if (axis == Axis::projected) projected = name;
      if (axis == Axis::none || axis == Axis::projected) continue;
      if (axis != Axis::time && kinds.count(Axis::time))
        continue;  // the track of a ship: lat(time), lon(time)
      kinds.insert(axis);
      if (kinds.count(Axis::lat) && kinds.count(Axis::lon))
        refuse(where, "is on an unstructured grid: latitude and longitude both run along '{}'; {}", dim,
               kRegrid);
      std::string& chosen = axis == Axis::time ? v.time_name : axis == Axis::lat ? v.lat_name : v.lon_name;
      int& position = axis == Axis::time ? v.time : axis == Axis::lat ? v.lat : v.lon;
      // NEMO's time_counter carries axis = "T" only; the units are those of time_centered along the same
      // dimension.
      const bool better = position < 0 || (axis == Axis::time && position == d &&
                                           !has_reference_date(file.text(chosen, "units").value_or("")) &&
                                           has_reference_date(file.text(name, "units").value_or("")));
      if (!better) continue;
      position = d;
      chosen = name;
    }
  }
  if (v.lat < 0 || v.lon < 0) {
    if (const std::string two = curvilinear_coordinates(file, v.info); !two.empty())
      refuse(
          where,
          "is on a curvilinear or rotated grid (two-dimensional {}); expected latitude and longitude of one "
          "dimension each; {}",
          two, kRegrid);
    if (!projected.empty())
      refuse(where, "is on a rotated or projected grid (axis '{}'); expected latitude and longitude; {}",
             projected, kRegrid);
    is_field = false;
    refuse(where,
           "has dimensions {}, none of which is {}; expected (time, lat, lon) with CF attributes on the "
           "coordinates",
           shape, v.lat < 0 ? "a latitude" : "a longitude");
  }
  if (needs_time && v.time < 0)
    refuse(where, "has dimensions {} and no time; expected (time, lat, lon)", shape);
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (d != v.time && d != v.lat && d != v.lon && v.info.shape[i] != 1)
      refuse(where,
             "has {} elements along '{}'; expected one; select it first, as in 'ncks -d {},0 in.nc out.nc'",
             v.info.shape[i], v.info.dims[i], v.info.dims[i]);
  }
  if (v.lat >= v.lon || v.time >= v.lat)
    refuse(where,
           "has dimensions {}; expected time, latitude, longitude in this order; reorder them first, as in "
           "'ncpdq -a {}{},{} in.nc out.nc'",
           shape, v.time < 0 ? "" : v.info.dims[static_cast<std::size_t>(v.time)] + ",",
           v.info.dims[static_cast<std::size_t>(v.lat)], v.info.dims[static_cast<std::size_t>(v.lon)]);
}

}  // namespace

CfVariable cf_variable(const NetcdfFile& file, const std::string& name, bool needs_time) {
  CfVariable v;
  v.name = name;
  v.info = file.variable(name);
  if (v.info.type == NC_CHAR || v.info.type >= NC_STRING)
    refuse(file.path(), ": variable '{}' holds text; expected numbers", name);
  bool is_field = false;
  find_axes(file, v, needs_time, is_field);
  v.units = file.text(name, "units").value_or("");
  v.packing = packing_of(file, name);
  return v;
}

std::string only_cf_variable(const NetcdfFile& file, bool needs_time) {
  std::vector<std::string> found;
  std::string reason;  // of a file without any usable variable: what the first one over time lacks
  for (const std::string& name : file.variable_names()) {
    CfVariable v;
    v.name = name;
    v.info = file.variable(name);
    if (v.info.dims.size() < 2 || v.info.type == NC_CHAR || v.info.type >= NC_STRING) continue;
    bool is_field = false;
    try {
      find_axes(file, v, needs_time, is_field);
      if (needs_time || v.time < 0 || v.info.shape[static_cast<std::size_t>(v.time)] == 1)
        found.push_back(name);
    } catch (const Error& error) {
      if (error.code() != ExitCode::data) throw;
      if (reason.empty() && is_field && (v.time >= 0 || !needs_time)) reason = error.what();
    }
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    refuse(file.path(), ": variables {} all have {}latitude and longitude; name the one to use{}",
           fmt::join(found, ", "), needs_time ? "time, " : "",
           needs_time ? " (hr_variable, lr_variable)" : "");
  if (!reason.empty()) refuse(reason, "");
  refuse(file.path(), ": no variable has {}latitude and longitude; it holds: {}", needs_time ? "time, " : "",
         fmt::join(file.variable_names(), ", "));
}

}  // namespace podscale
