#pragma once
// How a region is cut into strips of whole rows of patches, and how ranks share them
// (verify/scored_rows.hpp).

#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Largest number of strips: their sums of a time come together on one rank.
inline constexpr long kMostStrips = 64;

/// Not collective. Strips of a region of patches of so many rows; the last may be smaller.
struct StripCut {
  long patch_rows;            ///< in a strip
  std::vector<Share> strips;  ///< rows of each
};
StripCut cut_into_strips(long ny, long patch_y);

/// Not collective. Into how many parts `ranks` ranks cut the rows: the largest number that divides
/// them and of which each has a strip. More ranks than that share the times.
int row_parts(int ranks, long strips);

}  // namespace podscale
