#include "coordinate_kind.hpp"

#include <algorithm>
#include <cmath>

#include "coordinates.hpp"
#include "podscale/core/text.hpp"

namespace podscale {
namespace {

bool is_one_of(const std::string& text, std::initializer_list<const char*> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string lower_letters(const std::string& text) {
  std::string out;
  for (const char c : lower(text))
    if (c != ' ' && c != '_' && c != '.') out += c;
  return out;
}

bool has_reference_date(const std::string& units) {
  return lower_letters(units).find("since") != std::string::npos;
}

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

std::vector<std::string> coordinates_along(const NetcdfFile& file, const std::string& dim) {
  std::vector<std::string> names;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims != std::vector{dim} || holds_text(info)) continue;
    names.insert(name == dim ? names.begin() : names.end(), name);
  }
  return names;
}

}  // namespace podscale
