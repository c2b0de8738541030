#include "cf_variable.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "coordinate_kind.hpp"
#include "ensemble_axes.hpp"
#include "named_coordinates.hpp"
#include "podscale/core/text.hpp"
#include "refusal.hpp"

namespace podscale {
namespace {

constexpr const char* kRegrid = "regrid it first, as in 'cdo remapbil,r360x180 in.nc out.nc'";

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

}  // namespace

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
  const auto skipped = needs_time ? find_ensemble_axes(file, v) : std::set<std::string>{};
  const bool dated_by_lead = v.time >= 0;
  if (dated_by_lead) found[Axis::time] = {v.time_name, v.time};
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d) {
    const std::string& dim = v.info.dims[d];
    std::set<Axis> kinds;
    std::map<Axis, std::vector<std::string>> sure;  // those that attributes make coordinates
    if (d == v.realization || d == v.reference) continue;
    for (const std::string& name : coordinates_along(file, dim)) {
      const auto [axis, guess] = axis_of(file, name);
      if (axis == Axis::none || skipped.count(name) || (dated_by_lead && axis == Axis::time)) continue;
      if (axis != Axis::time && kinds.count(Axis::time))
        continue;  // the track of a ship: lat(time), lon(time)
      kinds.insert(axis);
      if (kinds.count(Axis::lat) && kinds.count(Axis::lon))
        refuse(where, "is on an unstructured grid: latitude and longitude both run along '{}'; {}", dim,
               kRegrid);
      Found& chosen = found[axis];
      if (!guess) sure[axis].push_back(name);
      // NEMO's time_counter carries axis = "T" only; the units are those of time_centered along
      // the same dimension.
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
    if (!v.mapping.empty() && file.has_variable(v.mapping) &&
        trimmed(file.text(other.name, "units").value_or("")).starts_with("degree"))
      refuse(
          where,
          "lies along the axis '{}' in '{}' of its grid mapping '{}'; expected latitude and longitude of two "
          "dimensions beside it; add them, as in 'cdo setgridtype,curvilinear in.nc out.nc'",
          other.name, file.text(other.name, "units").value_or(""), v.mapping);
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
    if (d != v.time && d != v.y && d != v.x && d != v.further && d != v.realization && d != v.reference &&
        v.info.shape[i] != 1)
      refuse(where,
             "has {} elements along '{}'; expected one; select it first, as in 'ncks -d {},0 in.nc out.nc'",
             v.info.shape[i], v.info.dims[i], v.info.dims[i]);
  }
  const std::string north = lower_letters(v.y_name), east = lower_letters(v.x_name);
  if (v.horizontal == Horizontal::axes && north.starts_with("lon") && east.starts_with("lat"))
    refuse(
        where,
        "lies at '{}' of '{}' and '{}' of '{}': their units, or standard names, are exchanged; expected those of "
        "the names; set them, as in 'ncatted -a units,{},o,c,degrees_north -a units,{},o,c,degrees_east in.nc'",
        v.x_name, file.text(v.x_name, "units").value_or(""), v.y_name,
        file.text(v.y_name, "units").value_or(""), v.x_name, v.y_name);
  if (v.y >= v.x || v.time >= v.y)
    refuse(where,
           "has dimensions {}; expected time, latitude, longitude in this order; reorder them first, as in "
           "'ncpdq -a {}{},{} in.nc out.nc'",
           shape, v.time < 0 ? "" : v.info.dims[v.time] + ",", v.info.dims[v.y], v.info.dims[v.x]);
}

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
  file.require_held(
      name, {v.info.shape[static_cast<std::size_t>(v.y)], v.info.shape[static_cast<std::size_t>(v.x)]});
  v.units = file.text(name, "units").value_or("");
  v.packing = packing_of(file, name);
  return v;
}

}  // namespace podscale
