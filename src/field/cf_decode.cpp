// CF packing.
#include <cmath>
#include <sstream>

#include "cf_variable.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"

namespace podscale {
namespace {

/// What the library leaves where nothing was written, for variables without _FillValue. Bytes have
/// none: all of their 256 values may be data.
std::vector<double> default_fill(nc_type type) {
  switch (type) {
    case NC_SHORT:
      return {NC_FILL_SHORT};
    case NC_USHORT:
      return {NC_FILL_USHORT};
    case NC_INT:
      return {NC_FILL_INT};
    case NC_UINT:
      return {NC_FILL_UINT};
    case NC_INT64:
      return {static_cast<double>(NC_FILL_INT64)};
    case NC_UINT64:
      return {static_cast<double>(NC_FILL_UINT64)};
    case NC_FLOAT:
      return {static_cast<double>(NC_FILL_FLOAT)};
    case NC_DOUBLE:
      return {NC_FILL_DOUBLE};
    default:
      return {};
  }
}

/// Of the numbers of a type without sign, 0 of all others.
double half_of(nc_type type) {
  return type == NC_UBYTE ? 128 : type == NC_USHORT ? 32768 : type == NC_UINT ? 2147483648.0 : 0;
}

bool is_real(nc_type type) {
  return type == NC_FLOAT || type == NC_DOUBLE;
}

constexpr const char* kPacking[] = {"scale_factor", "add_offset", "missing_value",
                                    "valid_min",    "valid_max",  "valid_range"};

[[noreturn]] void refuse_text(const NetcdfFile& file, const std::string& name, const char* attribute,
                              const std::string& text, const std::string& why) {
  throw Error(ExitCode::data,
              fmt::format("{}: variable '{}': its {} is the text \"{}\"{}; expected a number: set it as one, "
                          "as in 'ncatted -a {},{},o,f,{} in.nc'",
                          file.path(), name, attribute, text, why, attribute, name, text),
              true);
}

/// Numbers of a text, parted by blanks or commas; empty where something else is in it.
std::vector<double> numbers_in(std::string text) {
  for (char& c : text)
    if (c == ',') c = ' ';
  std::istringstream in(text);
  std::vector<double> values;
  for (std::string word; in >> word;) {
    std::size_t used = 0;
    try {
      values.push_back(std::stod(word, &used));
    } catch (const std::exception&) {  // std::stod's way to say no
    }
    if (used == 0 || used != word.size()) return {};
  }
  return values;
}

/// Attributes that hold numbers as text: all of them, or none is believed.
bool packing_is_text(const NetcdfFile& file, const std::string& name) {
  const char* number = nullptr;
  std::pair<const char*, std::string> found{nullptr, ""};
  for (const char* attribute : kPacking) {
    if (file.numbers(name, attribute)) number = attribute;
    if (const auto text = file.text(name, attribute)) {
      const bool blank = text->find_first_not_of(' ') == std::string::npos;
      if (numbers_in(*text).empty() && !blank && std::string(attribute).find("valid") != 0)
        refuse_text(file, name, attribute, *text, "");
      if (!numbers_in(*text).empty()) found = {attribute, *text};
    }
  }
  if (found.first && number)
    refuse_text(file, name, found.first, found.second, fmt::format(", but {} is a number", number));
  return found.first;
}

}  // namespace

Packing packing_of(const NetcdfFile& file, const std::string& name) {
  const nc_type type = file.variable(name).type;
  const bool from_text = packing_is_text(file, name);
  const auto numbers = [&](const char* attribute) {
    if (const auto values = file.numbers(name, attribute)) return *values;
    const auto text = file.text(name, attribute);
    return text ? numbers_in(*text) : std::vector<double>{};
  };
  const auto first = [&](const char* attribute, double fallback) {
    const auto values = numbers(attribute);
    return values.empty() ? fallback : values[0];
  };
  for (const char* attribute : {"scale_factor", "add_offset"})
    if (const auto several = numbers(attribute); several.size() > 1)
      throw Error(
          ExitCode::data,
          fmt::format("{}: variable '{}': its {} has {} numbers; expected one: set the right one, as in "
                      "'ncatted -a {},{},o,d,{} in.nc'",
                      file.path(), name, attribute, several.size(), attribute, name, several[0]),
          true);
  Packing p;
  p.from_text = from_text;
  p.scale = first("scale_factor", 1);
  p.offset = first("add_offset", 0);
  if (!std::isfinite(p.scale) || p.scale == 0 || !std::isfinite(p.offset))
    throw Error(
        ExitCode::data,
        fmt::format("{}: variable '{}' has scale_factor {} and add_offset {}; expected finite numbers, "
                    "the first not 0",
                    file.path(), name, p.scale, p.offset),
        true);
  if (is_real(type)) p.rounding = 1.2e-7;  // the steps of a float32
  if (!is_real(type)) p.step = std::abs(p.scale);
  p.wide = type == NC_INT || type == NC_UINT || type == NC_INT64 || type == NC_UINT64 || type == NC_DOUBLE;
  const std::string is_unsigned = lower(file.text(name, "_Unsigned").value_or(""));
  if (is_unsigned == "true")
    p.wrap = type == NC_BYTE ? 256 : type == NC_SHORT ? 65536 : type == NC_INT ? 4294967296.0 : 0;
  if (is_unsigned == "false") p.turn = half_of(type);

  const auto fill = numbers("_FillValue");
  // Read with a sign, what the library leaves where nothing was written is an ordinary -1.
  const bool signs = p.turn > 0;
  p.missing = !fill.empty() ? fill : signs ? std::vector<double>{} : default_fill(type);
  for (const double m : numbers("missing_value")) p.missing.push_back(m);
  for (double& m : p.missing) {
    if (type == NC_FLOAT) m = static_cast<float>(m);  // 99999. or 1e20 as float64 beside float32 data
    if (m < 0) m += p.wrap;
    if (signs && m >= p.turn) m -= 2 * p.turn;
  }

  const auto range = numbers("valid_range");
  const bool paired = range.size() == 2;
  p.low = paired ? range[0] : first("valid_min", p.low);
  p.high = paired ? range[1] : first("valid_max", p.high);
  // NetCDF Users Guide: limits of the type of the unpacked data are in units of the unpacked data.
  const auto unpacked = [&](const char* attribute) {
    return !is_real(type) && (from_text || is_real(file.attribute_type(name, attribute).value_or(NC_NAT))) &&
           (p.scale != 1 || p.offset != 0);
  };
  if (unpacked(paired ? "valid_range" : "valid_min")) p.low = (p.low - p.offset) / p.scale;
  if (unpacked(paired ? "valid_range" : "valid_max")) p.high = (p.high - p.offset) / p.scale;
  if (p.wrap > 0 && p.low < 0 && std::isfinite(p.low)) p.low += p.wrap;
  if (p.wrap > 0 && p.high < 0 && std::isfinite(p.high)) p.high += p.wrap;
  const auto turned = [&](const char* attribute, double limit) {
    return signs && std::isfinite(limit) && limit >= p.turn &&
           half_of(file.attribute_type(name, attribute).value_or(NC_NAT)) == p.turn;
  };
  if (turned(paired ? "valid_range" : "valid_min", p.low)) p.low -= 2 * p.turn;
  if (turned(paired ? "valid_range" : "valid_max", p.high)) p.high -= 2 * p.turn;
  if (!(p.low <= p.high)) {
    const Packing none;
    p.low = none.low;
    p.high = none.high;
    p.inverted_range = true;
  }
  return p;
}

}  // namespace podscale
