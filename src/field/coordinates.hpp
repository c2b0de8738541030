#pragma once
// The mesh of a variable as its file holds it. Private to src/field.

#include <cstdint>
#include <string>
#include <vector>

#include "cf_variable.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// Axes are turned so that they ascend; tables keep the order of the file. Regions that were
/// selected across the cut of the longitudes are rotated into order.
struct FileMesh {
  Mesh mesh;
  bool flip_y = false, flip_x = false;
  idx_t turn = 0;                  ///< the first column is this one of the file, counted after the flip
  long file_nx = 0;                ///< columns of the file: one more than nx where the first is repeated
  std::vector<std::string> notes;  ///< what the user should know, once a series
};

/// Collective on the file. Error(data) where an axis is not monotonic (longitudes: modulo 360),
/// out of range, has gaps or missing values, or lacks a unit that tells what it is.
FileMesh file_mesh(const NetcdfFile& file, const CfVariable& variable);

/// Collective on the file. All attributes of a grid mapping variable but those of its value, which
/// means nothing; none where the file lacks it.
GridMapping read_mapping(const NetcdfFile& file, const std::string& name);

/// Collective on the file. Values of a coordinate, or of the bounds of the coordinate `of`, NaN
/// where missing. Bounds without a packing of their own have that of the coordinate, unless they
/// are real numbers beside integers.
std::vector<double> values_of(const NetcdfFile& file, const std::string& name, const std::string& of = "");

/// What a unit of angles says, by the spellings of CF and UDUNITS; nullopt of other units.
struct AngleUnit {
  enum Along { any, lat, lon } along;
  double degrees;  ///< of one; negative where it counts southward or westward
};
std::optional<AngleUnit> angle_unit(const std::string& units);

/// The same of a latitude or a longitude, in degrees north or east. Error(data) where the units
/// are neither degrees nor radians.
std::vector<double> degrees_in(const NetcdfFile& file, const std::string& name, const std::string& of = "");

/// The same of positions of two dimensions. Those of WRF have the time before them: of these the
/// first are taken, and Error(data) where they move.
std::vector<double> degrees_of_table(const NetcdfFile& file, const std::string& name);

/// Collective on the file. Of all that file_mesh() looks at: equal ones give equal meshes.
std::uint64_t coordinates_checksum(const NetcdfFile& file, const CfVariable& variable);

/// Metres in a unit of length; nullopt of anything else.
std::optional<double> metres_of(const std::string& units);

}  // namespace podscale
