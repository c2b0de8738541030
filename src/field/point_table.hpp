#pragma once
// Positions of two dimensions, as a file holds them. Private to src/field.

#include "coordinates.hpp"

namespace podscale {

/// Collective on the file. Latitudes and longitudes of two dimensions, and the corners of their
/// cells. Error(data) where one lies nowhere on the earth.
PointTable read_table(const NetcdfFile& file, const std::string& lat, const std::string& lon);

/// Not collective. Positions that are all the same corner of their cells become the middles of the
/// cells. Returns whether they were.
bool leave_corners(PointTable& table);

/// Not collective. Rotates the rows of a table that was selected across the cut of the longitudes:
/// one step goes back, against all the others, and the first column is the eastern neighbour of
/// the last. Returns the column of the file that is the first now.
idx_t rotate_table(PointTable& table, idx_t nx);

/// Stretched axes change their steps by less than this factor; two missing rows make it 3.
constexpr double kGap = 2.5;

}  // namespace podscale
