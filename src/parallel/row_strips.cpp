#include "podscale/parallel/row_strips.hpp"

#include <algorithm>

namespace podscale {

StripCut cut_into_strips(long ny, long patch_y) {
  const long patches = (ny + patch_y - 1) / patch_y;
  StripCut cut{(patches + kMostStrips - 1) / kMostStrips, {}};
  for (long row = 0; row < ny; row += cut.patch_rows * patch_y)
    cut.strips.push_back({row, std::min(ny, row + cut.patch_rows * patch_y)});
  return cut;
}

int row_parts(int ranks, long strips) {
  int parts = static_cast<int>(std::min<long>(ranks, strips));
  while (ranks % parts != 0) --parts;
  return parts;
}

}  // namespace podscale
