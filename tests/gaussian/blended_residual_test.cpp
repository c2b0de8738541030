// Residuals under grids that overlap: what the patches agree on stays, and the closed forms are
// those of the draws. Image forecasts test draws of fitted bases (image_forecast_test).
#include "podscale/gaussian/blended_residual.hpp"

#include <gtest/gtest.h>

#include <functional>

using namespace podscale;

namespace {

constexpr idx_t side = 4, cell = 2, points = side * side;

/// Patches of 4 x 4 points whose residual has no mean over any cell of 2 x 2 points, and variance
/// 0.75.
PooledBase without_cell_means() {
  PooledBase base;
  base.shape = {.patch = side, .factor = cell, .halo = 1};
  const double signs[3][4] = {{1, -1, 1, -1}, {1, 1, -1, -1}, {1, -1, -1, 1}};
  for (idx_t c = 0; c < 4; ++c)
    for (const auto& sign : signs) {
      std::vector<double> mode(points, 0.0);
      for (idx_t i = 0; i < 4; ++i)
        mode[(c / 2 * cell + i / 2) * side + c % 2 * cell + i % 2] = 0.5 * sign[i];
      base.modes.insert(base.modes.end(), mode.begin(), mode.end());
    }
  const idx_t kept = base.kept_modes();
  base.root.assign(static_cast<std::size_t>(kept * kept), 0.0);
  for (idx_t k = 0; k < kept; ++k) base.root[k * kept + k] = 1;
  base.truncation.assign(points, 0.0);
  return base;
}

/// Four grids, shifted by half a patch, that cover 3 x 5 cells; scale: of every patch.
std::vector<ImagePatches> four_grids(const std::function<float(idx_t grid, idx_t patch)>& scale) {
  std::vector<ImagePatches> grids{{0, 0, 2, 3, {}}, {0, 1, 2, 3, {}}, {1, 0, 2, 3, {}}, {1, 1, 2, 3, {}}};
  for (idx_t g = 0; g < std::ssize(grids); ++g)
    for (idx_t p = 0; p < grids[g].count(); ++p) grids[g].scale.push_back(scale(g, p));
  return grids;
}

/// Larger in the middle of a patch; the four of a point add up to 1.
std::vector<double> shares() {
  const double rise[] = {0.2, 0.8, 0.8, 0.2};
  std::vector<double> all;
  for (idx_t i = 0; i < points; ++i) all.push_back(rise[i / side] * rise[i % side]);
  return all;
}

TEST(BlendedResidual, MeansThatNoPatchHasAreNotMadeByWeights) {
  const BlendedResidual residual(without_cell_means(), 6, 10, four_grids([](idx_t, idx_t) { return 2; }),
                                 shares());
  for (const float v : residual.box_variance(1).values) EXPECT_NEAR(v, 4 * 0.75, 1e-5);
  for (const float v : residual.box_variance(cell).values) EXPECT_NEAR(v, 0, 1e-10);
  const std::vector<double> draw = residual.draw(3, 1);
  double square = 0;
  for (idx_t y = 0; y < 6; y += cell)
    for (idx_t x = 0; x < 10; x += cell) {
      EXPECT_NEAR(
          draw[y * 10 + x] + draw[y * 10 + x + 1] + draw[(y + 1) * 10 + x] + draw[(y + 1) * 10 + x + 1], 0,
          1e-12);
      square += draw[y * 10 + x] * draw[y * 10 + x];
    }
  EXPECT_GT(square, 1);
}

TEST(BlendedResidual, VarianceAtAPointIsThatOfGridsApart) {
  PooledBase base = without_cell_means();
  for (idx_t i = 0; i < points; ++i) base.truncation[i] = 0.1 + 0.01 * static_cast<double>(i);
  const auto scale = [](idx_t g, idx_t p) {
    return 1 + 0.2F * static_cast<float>(g) + 0.3F * static_cast<float>(p);
  };
  const std::vector<ImagePatches> grids = four_grids(scale);
  const std::vector<double> share = shares(), variance = base.point_variance();
  const BlendedResidual residual(base, 6, 10, grids, share);
  std::vector<double> apart(60, 0.0);
  for (const ImagePatches& grid : grids)
    for (idx_t p = 0; p < grid.count(); ++p)
      for_patch_points(base.shape, grid, p, 6, 10, [&](idx_t i, idx_t y, idx_t x) {
        apart[y * 10 + x] += share[i] * grid.scale[p] * grid.scale[p] * variance[i];
      });
  const Plane boxes = residual.box_variance(1);
  for (idx_t i = 0; i < 60; ++i) EXPECT_NEAR(boxes.values[i], apart[i], 1e-5 * apart[i]);
}

}  // namespace
