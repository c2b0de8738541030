#pragma once
// How much of a fine mesh the cells of a coarse one cover. Not collective.

#include <functional>

#include "podscale/mesh/mesh.hpp"

namespace podscale {

struct Coverage {
  idx_t points = 0;   ///< of the fine mesh that have a position and repeat no other
  idx_t inside = 0;   ///< of these, with their centre in a cell of the coarse mesh
  idx_t smaller = 0;  ///< of these, where that cell is clearly smaller (below 0.8 of the area)
  idx_t first_outside = -1;
};

/// Not collective. Tells the cell of the coarse mesh that holds the centre of a point of the fine
/// one, or -1; both meshes must outlive it. Of a coarse mesh without axes it is the cell with the
/// nearest centre, if that is no farther than the corners are. Error(data) where the two have no
/// space in common.
std::function<idx_t(idx_t)> cell_finder(const Mesh& coarse, const Mesh& fine);

/// Not collective. Of rows first..first+rows-1 of the fine mesh. Errors as cell_finder.
Coverage coverage(const Mesh& coarse, const Mesh& fine, idx_t first, idx_t rows);

}  // namespace podscale
