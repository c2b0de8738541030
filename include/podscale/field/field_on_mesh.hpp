#pragma once
// A variable without time, as a land mask or a region, brought to a known mesh.

#include <string>
#include <vector>

#include "podscale/mesh/mesh.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Not collective: the file must be this process's own (Communicator::self()). The variable on
/// `window` of `mesh`: [points], raw units unpacked, NaN where missing (_FillValue, missing_value,
/// valid range). The file may hold the axes in either direction, longitudes in any convention and,
/// where the mesh goes round the earth, from any column on. variable "": the only one with
/// horizontal coordinates. what, owner: the variable and whose mesh is expected, for messages.
/// Errors: data (no such variable, several times, another mesh by mesh_difference).
std::vector<float> read_on_mesh(const NetcdfFile& file, const std::string& variable, const Mesh& mesh,
                                const Window& window, const std::string& what, const std::string& owner);

}  // namespace podscale
