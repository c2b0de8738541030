#pragma once
// What the CF attributes say about a variable: its axes, and how its numbers become values.
// Private to src/field.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// value = raw * scale + offset where raw is valid; limits and missing values are those of the raw
/// (packed) numbers.
struct Packing {
  double scale = 1, offset = 0;
  std::vector<double> missing;
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  double wrap = 0;              ///< added to the negative numbers of an _Unsigned variable
  double turn = 0;              ///< 0 = none; from which on numbers of a type without sign are negative
  bool wide = false;            ///< float32 would not hold the raw numbers: read them as float64
  bool inverted_range = false;  ///< the valid range was inverted, and ignored
  bool from_text = false;       ///< numbers that the file gives as text
  double rounding = 0;          ///< of real data, relative: 1e20 is missing where 1.00000002e20 is
  std::vector<double> also_missing{};  ///< unpacked numbers that the reader calls missing
  double step = 0;                     ///< of packed integers: how far unpacked numbers are apart

  bool limited() const { return std::isfinite(low) || std::isfinite(high); }
  /// NaN where missing. An infinite number is no missing one, unless the file says so.
  double unpack(double raw) const {
    if (raw < 0) raw += wrap;
    if (turn > 0 && raw >= turn) raw -= 2 * turn;
    bool valid = raw >= low && raw <= high;
    for (const double m : missing) valid = valid && raw != m && !(std::abs(raw - m) < rounding * std::abs(m));
    const double value = raw * scale + offset;
    for (const double m : also_missing)
      valid = valid && value != m && !(std::abs(value - m) <= std::max(1e-6 * std::abs(m), step / 2));
    return valid ? value : std::numeric_limits<double>::quiet_NaN();
  }
};

/// How a file says where the points of a variable lie.
enum class Horizontal {
  axes,   ///< latitude and longitude, of one dimension each
  table,  ///< latitude and longitude of two dimensions
  plane,  ///< y and x of a projection, of one dimension each
  image,  ///< not at all: rows and columns
};

/// A variable over time and two horizontal dimensions, and any dimensions of length 1 between
/// them.
struct CfVariable {
  std::string name, units;
  VariableInfo info;
  int time = -1, y = -1, x = -1;  ///< positions among the dimensions; time -1 = none
  int further = -1;               ///< the one that may have several elements, -1 = none
  int realization = -1;           ///< members of an ensemble, -1 = none
  int reference = -1;             ///< runs of a forecast, -1 = none; time is then the lead's
  Horizontal horizontal = Horizontal::axes;
  std::string time_name, y_name, x_name;  ///< coordinate variables; "" of an image; time: of a lead
  std::string realization_name, reference_name, lead_name;  ///< of those dimensions, "" = none
  std::string valid_name;                                   ///< valid times along runs and leads
  std::string lat_name, lon_name;                           ///< of two dimensions, beside the axes of a plane
  std::string mapping;                                      ///< grid mapping variable
  Packing packing;
};

/// Collective on the file. Error(data) when the grid is unstructured, when an axis is missing
/// (time only where `needs_time`) or when another dimension than `further`, or with time those of
/// an ensemble and of runs, has more than one element.
CfVariable cf_variable(const NetcdfFile& file, const std::string& name, bool needs_time,
                       const std::string& further = "");

/// Collective on the file. The part of cf_variable() that finds the axes of v.info. Sets is_field
/// to whether it has horizontal dimensions at all, also where it is refused.
void find_axes(const NetcdfFile& file, CfVariable& v, bool needs_time, bool& is_field);

/// Collective on the file. The only variable for which cf_variable succeeds, and where no time is
/// needed the only one of at most one time; Error(data) that lists the candidates.
std::string only_cf_variable(const NetcdfFile& file, bool needs_time = true);

/// Collective on the file. Numbers that are given as text are taken where all packing is text;
/// where some of it is numbers, or a text is none, Error(data): it isn't known which of them is
/// right.
Packing packing_of(const NetcdfFile& file, const std::string& name);

}  // namespace podscale
