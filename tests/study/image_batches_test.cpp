// Batches of images: which windows are drawn, and that window and truth are of one place and one
// turn.
#include "podscale/study/image_batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "synthetic_images.hpp"

namespace podscale {
namespace {

using namespace test;

/// HR of which every LR cell's four points have the values of the cell.
ScaledPair stepped(idx_t number, idx_t side) {
  ScaledPair pair;
  pair.lr = image(number, 0, side).lr;
  for (float& value : pair.lr.values) value /= 255;
  pair.hr = {2 * pair.lr.ny, 2 * pair.lr.nx, {}};
  for (idx_t y = 0; y < pair.hr.ny; ++y)
    for (idx_t x = 0; x < pair.hr.nx; ++x)
      pair.hr.values.push_back(pair.lr.values[y / 2 * pair.lr.nx + x / 2]);
  return pair;
}

PooledBase some_base() {
  PooledBase base;
  base.shape = window_shape;
  base.regression.assign(16 * 16, 0.01);
  base.contrast_scale = {0.1};
  return base;
}

TEST(ImageBatches, WindowAndTruthAreOfOnePlaceAndOneTurn) {
  const PooledBase base = some_base();
  for (const int side : {1, 3}) {
    const ImageBatches batches({stepped(0, 9), stepped(1, 7), stepped(2, 3)}, base, side, 5);
    const idx_t patches = side * side, tiles = 40;
    const WindowSamples s = batches.draw(7, 0, tiles);
    ASSERT_EQ(s.windows.count, tiles * patches);
    const auto cell = [&](idx_t w, idx_t row, idx_t column) {
      return s.windows.mean[w] + s.windows.contrast[w] * s.windows.cells[16 * w + 4 * row + column];
    };
    for (idx_t w = 0; w < s.windows.count; ++w)
      for (idx_t i = 0; i < 16; ++i)  // the cells below the patch are the inner ones of the window
        EXPECT_NEAR(s.target[16 * w + i], cell(w, 1 + i / 4 / 2, 1 + i % 4 / 2), 1e-5);
    // Patches of a tile lie side by side, turned as they are: the halo is in the next window.
    for (idx_t t = 0; t < tiles; ++t)
      for (idx_t row = 0; row < side; ++row)
        for (idx_t column = 0; column + 1 < side; ++column) {
          const idx_t w = t * patches + row * side + column;
          for (idx_t r = 0; r < 4; ++r) EXPECT_NEAR(cell(w, r, 3), cell(w + 1, r, 1), 1e-5);
        }
  }
}

TEST(ImageBatches, ATileIsAFunctionOfStepAndNumber) {
  const PooledBase base = some_base();
  const ImageBatches batches({stepped(0, 9), stepped(1, 7)}, base, 2, 5);
  const WindowSamples whole = batches.draw(3, 0, 8), part = batches.draw(3, 5, 3),
                      next = batches.draw(4, 5, 3);
  EXPECT_TRUE(std::equal(part.target.begin(), part.target.end(), whole.target.begin() + 5 * 4 * 16));
  EXPECT_TRUE(std::equal(part.windows.cells.begin(), part.windows.cells.end(),
                         whole.windows.cells.begin() + 5 * 4 * 16));
  EXPECT_NE(part.target, next.target);
}

TEST(ImageBatches, EveryPlaceIsAsLikelyAsAnyOther) {
  // One image of 3 x 5 cells has 2 x 4 places for a patch of 2 x 2 cells; each value names its
  // cell.
  ScaledPair pair;
  pair.lr = {3, 5, {}};
  for (idx_t i = 0; i < 15; ++i) pair.lr.values.push_back(static_cast<float>(i) / 16);
  pair.hr = {6, 10, {}};
  for (idx_t y = 0; y < 6; ++y)
    for (idx_t x = 0; x < 10; ++x) pair.hr.values.push_back(pair.lr.values[y / 2 * 5 + x / 2]);
  const PooledBase base = some_base();
  const ImageBatches batches({pair}, base, 1, 5);
  EXPECT_EQ(batches.places(), 8);
  const WindowSamples s = batches.draw(0, 0, 8000);
  std::map<std::pair<float, float>, int> found;  // of the least cell, and of what is to its right: the turn
  for (idx_t w = 0; w < s.windows.count; ++w) {
    const float* patch = s.target.data() + 16 * w;
    ++found[{*std::min_element(patch, patch + 16), patch[3] - patch[0]}];
  }
  // 8 places; the first row steps by 1 or 5 cells, up or down: two turns each.
  EXPECT_EQ(found.size(), 32U);
  for (const auto& [place, count] : found) EXPECT_NEAR(count, 250, 80);
}

TEST(ImageBatches, ImagesSmallerThanATileAreRefused) {
  const PooledBase base = some_base();
  try {
    const ImageBatches batches({stepped(0, 3)}, base, 4, 5);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("8 x 8 LR cells"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace podscale
