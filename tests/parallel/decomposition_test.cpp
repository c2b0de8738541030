#include "podscale/parallel/decomposition.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace podscale;

namespace {

struct Case {
  long ny, nx, py, px;
};
const Case cases[] = {{32, 32, 8, 8}, {202, 201, 8, 16}, {7, 5, 8, 8}, {1, 100, 1, 7}, {90, 33, 4, 32}};
const int rank_counts[] = {1, 2, 3, 4, 5, 7, 8, 13, 64, 1000};

}  // namespace

TEST(Decomposition, EveryPointAndPatchIsOwnedOnceAtAnyRankCount) {
  for (const Case& c : cases)
    for (const int ranks : rank_counts) {
      const Decomposition d(c.ny, c.nx, c.py, c.px, ranks);
      std::vector<int> points(c.ny * c.nx, 0), patches(static_cast<std::size_t>(d.patches()), 0);
      for (int r = 0; r < ranks; ++r) {
        const Window w = d.window_of(r);
        for (long y = w.y0; y < w.y0 + w.ny; ++y)
          for (long x = w.x0; x < w.x0 + w.nx; ++x) ++points[y * c.nx + x];
        for (const long p : d.patch_list(r)) {
          ++patches[p];
          EXPECT_EQ(d.owner(p), r);
          const Window patch = d.patch_window(p);
          EXPECT_GE(patch.y0, w.y0);
          EXPECT_LE(patch.y0 + patch.ny, w.y0 + w.ny);
          EXPECT_GE(patch.x0, w.x0);
          EXPECT_LE(patch.x0 + patch.nx, w.x0 + w.nx);
          EXPECT_GT(patch.points(), 0);
        }
      }
      EXPECT_EQ(std::count(points.begin(), points.end(), 1), c.ny * c.nx)
          << c.ny << " x " << c.nx << ", " << ranks;
      EXPECT_EQ(std::count(patches.begin(), patches.end(), 1), d.patches());
    }
}

TEST(Decomposition, PatchesTileTheGrid) {
  const Decomposition d(20, 13, 8, 8, 3);
  EXPECT_EQ(d.patches_y(), 3);
  EXPECT_EQ(d.patches_x(), 2);
  EXPECT_EQ(d.patch_window(5).ny, 4);
  EXPECT_EQ(d.patch_window(5).nx, 5);
}

TEST(Decomposition, LoadIsBalanced) {
  const Decomposition d(128, 128, 8, 8, 4);
  for (int r = 0; r < 4; ++r) EXPECT_EQ(d.patch_list(r).size(), 64u);
}

TEST(Decomposition, ChunksStayWithinARankWhereSharesAreEqual) {
  const Decomposition d(256, 256, 8, 8, 4);
  const auto chunk = d.chunk_shape();
  for (int r = 0; r < 4; ++r) {
    const Window w = d.window_of(r);
    EXPECT_EQ(w.y0 % static_cast<long>(chunk[0]), 0);
    EXPECT_EQ(w.x0 % static_cast<long>(chunk[1]), 0);
  }
}
