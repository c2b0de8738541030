#pragma once
// What a coordinate variable is, by its attributes, its name and its values. Private to src/field.

#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"

namespace podscale {

enum class Axis { none, time, lat, lon, y, x, other };  // other: rotated, or y and x without a length

/// A guess rests on a name or on axis = "Y" alone.
struct AxisKind {
  Axis axis = Axis::none;
  bool guess = false;
};

/// Collective on the file, as all below. standard_name first, then units, then axis, then the name
/// itself. A latitude needs more than axis = "Y": the axes of a projection or a rotated pole have
/// that, too.
AxisKind axis_of(const NetcdfFile& file, const std::string& name);

/// Whether an axis counts rows or columns: 0, 1, 2 ... or 1, 2, 3 ..., either way. Degrees that go
/// round the earth look alike.
bool counts(const NetcdfFile& file, const std::string& name, bool columns);

/// One-dimensional variables along `dim`, its namesake first.
std::vector<std::string> coordinates_along(const NetcdfFile& file, const std::string& dim);

/// Not collective, as all below. Whether the values are texts.
bool holds_text(const VariableInfo& info);
/// Whether these are units of a time.
bool has_reference_date(const std::string& units);
/// In lower case, without blanks, underscores and points.
std::string lower_letters(const std::string& text);

}  // namespace podscale
