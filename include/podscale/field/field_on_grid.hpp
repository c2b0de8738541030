#pragma once
// A variable without time, as a land mask or a region, brought to a known grid.

#include <string>
#include <vector>

#include "podscale/mesh/grid.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Not collective: the file must be this process's own (Communicator::self()). The variable on `window` of
/// `grid`: [points], raw units unpacked, NaN where missing (_FillValue, missing_value, valid range). The file
/// may hold latitude and longitude in either direction, in any longitude convention and, where the grid goes
/// round the earth, from any column on. variable "": the only one with latitude and longitude. what, owner:
/// the variable and whose grid is expected, for messages. Errors: data (no such variable, several times,
/// centres further than a tenth of a cell from those of the grid).
std::vector<float> read_on_grid(const NetcdfFile& file, const std::string& variable, const Grid& grid,
                                const Window& window, const std::string& what, const std::string& owner);

}  // namespace podscale
