#pragma once
// What the CF attributes say about a variable: its axes, and how its numbers become values. Private to
// src/io.

#include <limits>
#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// value = raw * scale + offset where raw is valid; limits and missing values are those of the raw (packed)
/// numbers.
struct Packing {
  double scale = 1, offset = 0;
  std::vector<double> missing;
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  double wrap = 0;              ///< added to the negative numbers of an _Unsigned variable
  bool wide = false;            ///< float32 would not hold the raw numbers: read them as float64
  bool inverted_range = false;  ///< the valid range was inverted, and ignored

  /// NaN where missing.
  double unpack(double raw) const {
    if (raw < 0) raw += wrap;
    bool valid = raw >= low && raw <= high;  // false for NaN
    for (const double m : missing) valid = valid && raw != m;
    return valid ? raw * scale + offset : std::numeric_limits<double>::quiet_NaN();
  }
};

/// A variable over (time, latitude, longitude), and any dimensions of length 1 between them.
struct CfVariable {
  std::string name, units;
  VariableInfo info;
  int time = -1, lat = -1, lon = -1;          ///< positions among the dimensions; time -1 = none
  std::string time_name, lat_name, lon_name;  ///< coordinate variables
  Packing packing;
};

/// Collective on the file. Error(data) when the grid is curvilinear, rotated or unstructured, when an axis is
/// missing (time only where `needs_time`) or when another dimension has more than one element.
CfVariable cf_variable(const NetcdfFile& file, const std::string& name, bool needs_time);

/// Collective on the file. The only variable for which cf_variable succeeds, and where no time is needed the
/// only one of at most one time; Error(data) that lists the candidates.
std::string only_cf_variable(const NetcdfFile& file, bool needs_time = true);

/// Collective on the file.
Packing packing_of(const NetcdfFile& file, const std::string& name);

/// The horizontal axes in ascending order, and how the file holds them.
struct CfAxes {
  std::vector<double> lat, lon;
  bool flip_y = false, flip_x = false;
  long file_nx = 0;  ///< columns of the file: one more than lon where the first is repeated at the end
  bool repeated_column = false;
};
/// Collective on the file. Error(data) when latitude or longitude are not monotonic (modulo 360) or out of
/// range.
CfAxes cf_axes(const NetcdfFile& file, const CfVariable& variable);

}  // namespace podscale
