// CF packing, and the horizontal axes in ascending order.
#include <algorithm>
#include <cmath>

#include "cf_variable.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// What the library leaves where nothing was written, for variables without _FillValue. Bytes have none: all
/// of their 256 values may be data.
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

bool is_real(nc_type type) {
  return type == NC_FLOAT || type == NC_DOUBLE;
}

[[noreturn]] void refuse(const NetcdfFile& file, const std::string& name, const std::string& reason) {
  throw Error(ExitCode::data, fmt::format("{}: coordinate '{}' {}", file.path(), name, reason), true);
}

void check_finite(const NetcdfFile& file, const std::string& name, const std::vector<double>& values,
                  double limit) {
  if (values.empty()) refuse(file, name, "is empty; expected at least one point");
  for (const double v : values)
    if (!(std::abs(v) <= limit))
      refuse(file, name, fmt::format("contains {}; expected degrees between -{} and {}", v, limit, limit));
}

double mean_spacing(const std::vector<double>& v) {
  return v.size() > 1 ? (v.back() - v.front()) / static_cast<double>(v.size() - 1) : 0;
}

}  // namespace

Packing packing_of(const NetcdfFile& file, const std::string& name) {
  const nc_type type = file.variable(name).type;
  const auto numbers = [&](const char* attribute) {
    return file.numbers(name, attribute).value_or(std::vector<double>{});
  };
  const auto first = [&](const char* attribute, double fallback) {
    const auto values = numbers(attribute);
    return values.empty() ? fallback : values[0];
  };
  Packing p;
  p.scale = first("scale_factor", 1);
  p.offset = first("add_offset", 0);
  p.wide = type == NC_INT || type == NC_UINT || type == NC_INT64 || type == NC_UINT64 || type == NC_DOUBLE;
  if (file.text(name, "_Unsigned").value_or("") == "true")
    p.wrap = type == NC_BYTE ? 256 : type == NC_SHORT ? 65536 : 0;

  const auto fill = numbers("_FillValue");
  p.missing = fill.empty() ? default_fill(type) : fill;
  for (const double m : numbers("missing_value")) p.missing.push_back(m);
  for (double& m : p.missing) {
    if (type == NC_FLOAT) m = static_cast<float>(m);  // 99999. or 1e20 as float64 beside float32 data
    if (m < 0) m += p.wrap;
  }

  const auto range = numbers("valid_range");
  const bool paired = range.size() == 2;
  p.low = paired ? range[0] : first("valid_min", p.low);
  p.high = paired ? range[1] : first("valid_max", p.high);
  // NetCDF Users Guide: limits of the type of the unpacked data are in units of the unpacked data.
  const auto unpacked = [&](const char* attribute) {
    return !is_real(type) && is_real(file.attribute_type(name, attribute).value_or(NC_NAT)) &&
           (p.scale != 1 || p.offset != 0);
  };
  if (unpacked(paired ? "valid_range" : "valid_min")) p.low = (p.low - p.offset) / p.scale;
  if (unpacked(paired ? "valid_range" : "valid_max")) p.high = (p.high - p.offset) / p.scale;
  if (p.wrap > 0 && p.low < 0 && std::isfinite(p.low)) p.low += p.wrap;
  if (p.wrap > 0 && p.high < 0 && std::isfinite(p.high)) p.high += p.wrap;
  if (!(p.low <= p.high)) {
    const Packing none;
    p.low = none.low;
    p.high = none.high;
    p.inverted_range = true;
  }
  return p;
}

CfAxes cf_axes(const NetcdfFile& file, const CfVariable& v) {
  CfAxes axes;
  axes.lat = file.get_all(v.lat_name);
  axes.lon = file.get_all(v.lon_name);
  check_finite(file, v.lat_name, axes.lat, 90.001);
  check_finite(file, v.lon_name, axes.lon, 1000);

  axes.flip_y = axes.lat.front() > axes.lat.back();
  if (axes.flip_y) std::reverse(axes.lat.begin(), axes.lat.end());
  for (std::size_t j = 1; j < axes.lat.size(); ++j)
    if (!(axes.lat[j] > axes.lat[j - 1]))
      refuse(file, v.lat_name,
             fmt::format("is not monotonic ({} beside {}); expected one direction", axes.lat[j - 1],
                         axes.lat[j]));

  // The axis may start anywhere and cross its own cut once; it descends when most of its steps do.
  std::vector<double>& lon = axes.lon;
  const std::size_t n = lon.size();
  axes.file_nx = static_cast<long>(n);
  std::size_t down = 0;
  for (std::size_t i = 1; i < n; ++i) down += lon[i] < lon[i - 1] && lon[i - 1] - lon[i] < 180;
  axes.flip_x = 2 * down > n - 1;
  if (axes.flip_x) std::reverse(lon.begin(), lon.end());
  for (std::size_t i = 1; i < n; ++i)
    if (lon[i] < lon[i - 1]) lon[i] += 360 * std::ceil((lon[i - 1] - lon[i]) / 360);
  for (std::size_t i = 1; i < n; ++i)
    if (!(lon[i] > lon[i - 1]))
      refuse(file, v.lon_name, fmt::format("contains {} twice; expected one direction", lon[i]));
  const double spacing = mean_spacing(lon), excess = lon.back() - lon.front() - 360;
  if (excess > 0.1 * spacing)
    refuse(
        file, v.lon_name,
        fmt::format(
            "goes round the earth more than once ({} to {}, {} columns); cut the overlap first, as in 'cdo "
            "selindexbox' or 'ncks -d {},0,N'",
            lon.front(), lon.back(), n, v.lon_name));
  axes.repeated_column = n > 2 && std::abs(excess) <= 0.1 * spacing;
  if (axes.repeated_column) lon.pop_back();
  return axes;
}

}  // namespace podscale
