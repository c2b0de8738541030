#pragma once
// The mesh of a variable as its file holds it. Private to src/field.

#include <string>
#include <vector>

#include "cf_variable.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// Axes are turned so that they ascend; tables keep the order of the file.
struct FileMesh {
  Mesh mesh;
  bool flip_y = false, flip_x = false;
  long file_nx = 0;                ///< columns of the file: one more than nx where the first is repeated
  std::vector<std::string> notes;  ///< what the user should know, once a series
};

/// Collective on the file. Error(data) where an axis is not monotonic (longitudes: modulo 360), out
/// of range or without a unit that tells what it is.
FileMesh file_mesh(const NetcdfFile& file, const CfVariable& variable);

/// Collective on the file. All attributes of a grid mapping variable; none where the file lacks it.
GridMapping read_mapping(const NetcdfFile& file, const std::string& name);

/// Metres in a unit of length; nullopt of anything else.
std::optional<double> metres_of(const std::string& units);

}  // namespace podscale
