#pragma once
// The axis of named regions, alike in every file that holds their area means.

#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Collective on the file, which is being defined: the dimension `region` and its variable, 1, 2,
/// ... with the names as flag_meanings. boxes: south, north, west, east of each, degrees.
void define_region_axis(NetcdfFile& file, const std::vector<std::string>& names,
                        const std::vector<double>& boxes);

/// What the variable `region` holds of so many regions.
std::vector<double> region_numbers(std::size_t regions);

}  // namespace podscale
