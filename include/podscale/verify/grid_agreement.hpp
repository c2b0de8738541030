#pragma once
// Whether two files are on one grid, as far as rounded axes let us say so.

#include <string>

#include "podscale/mesh/grid.hpp"

namespace podscale {

/// Not collective. "32 x 32 points, -44.8750 to -37.1250 N, 147.1250 to 154.8750 E": for messages.
std::string grid_corners(const Grid& grid);

/// Not collective. Error(data) that names both unless the grids have the same size and all centres agree to
/// 1e-3 of a cell (longitudes modulo 360).
void require_close_grids(const Grid& found, const std::string& what, const Grid& expected,
                         const std::string& expected_what);

}  // namespace podscale
