#pragma once
// Which rows of a region a rank scores.
//
// The region is cut into strips, whole rows of patches that depend on nothing but the region.
// Ranks own strips, and the sums over strips are added in their order, so that they are the same
// bits at any number of ranks. Windows and boxes belong to the strip of their first row; a rank
// therefore holds `reach` rows of the fields beyond its own:
//
//      region of 5 strips, 2 ranks           rank 1: strips 3, 4
//      | strip 0 | strip 1 | strip 2 | strip 3 | strip 4 |
//      |<------ rank 0 owns -------->|reach|

#include <algorithm>
#include <vector>

#include "podscale/mesh/mesh.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

struct ScoredRows {
  long ny = 0, nx = 0;        ///< of the region
  std::vector<Share> strips;  ///< rows of each
  Share mine;                 ///< strips of this rank
  long reach = 0;
  const Communicator* ranks = nullptr;  ///< that own the strips, by share_of; none: this one alone

  /// Not collective. One strip, on this rank.
  static ScoredRows whole(const Mesh& mesh) {
    return {mesh.ny(), mesh.nx(), {{0, mesh.ny()}}, {0, 1}, 0, nullptr};
  }
  Share own() const { return rows_of(mine); }
  /// Own and beyond: rows of the fields that this rank holds.
  Share held() const { return {own().begin, std::min(ny, own().end + reach)}; }
  /// Of a row of the region, or none (-1): which of this rank's strips.
  long strip_of(long row) const {
    for (long s = mine.begin; s < mine.end; ++s)
      if (row >= strips[static_cast<std::size_t>(s)].begin && row < strips[static_cast<std::size_t>(s)].end)
        return s - mine.begin;
    return -1;
  }

 private:
  Share rows_of(Share some) const {
    if (some.size() == 0) return {};
    return {strips[static_cast<std::size_t>(some.begin)].begin,
            strips[static_cast<std::size_t>(some.end - 1)].end};
  }
};

}  // namespace podscale
