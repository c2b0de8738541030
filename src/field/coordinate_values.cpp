// The numbers of coordinates: unpacked, in degrees.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "coordinate_kind.hpp"
#include "coordinates.hpp"
#include "podscale/core/checksum.hpp"
#include "podscale/core/text.hpp"
#include "podscale/core/units.hpp"
#include "refusal.hpp"

namespace podscale {

namespace {

/// As values_of() and degrees_in(), of the numbers as they are in the file.
std::vector<double> unpacked(const NetcdfFile& file, const std::string& name, const std::string& of,
                             std::vector<double> values) {
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

std::vector<double> in_degrees(const NetcdfFile& file, const std::string& name, const std::string& of,
                               std::vector<double> values) {
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

/// The numbers of a table; time by time where it has a time, because those are many.
std::vector<double> numbers_of_table(const NetcdfFile& file, const std::string& name) {
  const VariableInfo info = file.variable(name);
  if (info.dims.size() != 3) return file.get_all(name);
  const std::vector<std::size_t> count{1, info.shape[1], info.shape[2]};
  std::vector<double> first(info.shape[1] * info.shape[2]), other(first.size());
  if (info.shape[0] == 0)
    refuse(file, name, fmt::format("has no time along '{}'; expected one", info.dims[0]));
  file.get(name, {0, 0, 0}, count, std::span(first));
  for (std::size_t t = 1; t < info.shape[0]; ++t) {
    file.get(name, {t, 0, 0}, count, std::span(other));
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    if (!std::equal(first.begin(), first.end(), other.begin(), same))
      refuse(file, name,
             fmt::format("moves: at step {} of '{}' it is not what it was at the first; expected a mesh that "
                         "stays: regrid a moving nest to one first",
                         t + 1, info.dims[0]));
  }
  return first;
}

}  // namespace

std::vector<double> values_of(const NetcdfFile& file, const std::string& name, const std::string& of) {
  return unpacked(file, name, of, file.get_all(name));
}

std::optional<AngleUnit> angle_unit(const std::string& units) {
  std::string text = lower_letters(trimmed(units));
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
  return in_degrees(file, name, of, values_of(file, name, of));
}

std::vector<double> degrees_of_table(const NetcdfFile& file, const std::string& name) {
  return in_degrees(file, name, "", unpacked(file, name, "", numbers_of_table(file, name)));
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
      if (holds_text(info)) continue;
      const bool is_table = part == name && info.dims.size() > 1;
      const std::vector<double> values =
          is_table ? degrees_of_table(file, part) : values_of(file, part, part == name ? "" : name);
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

}  // namespace podscale
