// Planes of another size.
#include "podscale/mesh/resize.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

namespace podscale {
namespace {

Plane plane(idx_t ny, idx_t nx, const std::function<double(double, double)>& value) {
  Plane p{ny, nx};
  for (idx_t y = 0; y < ny; ++y)
    for (idx_t x = 0; x < nx; ++x)
      p.values.push_back(static_cast<float>(value(static_cast<double>(y), static_cast<double>(x))));
  return p;
}

/// x at the middle of a cell of a side that is `scale` times as fine.
double there(idx_t i, double scale) {
  return (static_cast<double>(i) + 0.5) / scale - 0.5;
}

TEST(Resize, AConstantStaysOneAtAnySize) {
  const Plane flat = plane(13, 5, [](double, double) { return 7.25; });
  for (const auto& [ny, nx] : {std::pair<idx_t, idx_t>{1, 1}, {3, 40}, {52, 2}})
    for (const float value : resize_bicubic(flat, ny, nx).values) EXPECT_NEAR(value, 7.25, 1e-5);
}

// Keys' kernel with a = -1/2 has an error of third order: quadratics are exact away from the
// edges.
TEST(Resize, EnlargingIsExactForQuadratics) {
  const auto f = [](double y, double x) { return 3 + 0.5 * y - 0.2 * x * x + 0.1 * y * x + 0.3 * y * y; };
  const Plane large = resize_bicubic(plane(12, 14, f), 48, 56);
  for (idx_t y = 12; y < 36; ++y)
    for (idx_t x = 12; x < 44; ++x) EXPECT_NEAR(large.values[y * 56 + x], f(there(y, 4), there(x, 4)), 2e-5);
}

TEST(Resize, ShrinkingIsExactForPlanesAndDampsWhatIsTooFine) {
  const auto f = [](double y, double x) { return 10 + 0.5 * y - 2 * x; };
  const Plane small = resize_bicubic(plane(48, 64, f), 12, 16);
  for (idx_t y = 3; y < 9; ++y)
    for (idx_t x = 3; x < 13; ++x)
      EXPECT_NEAR(small.values[y * 16 + x], f(there(y, 0.25), there(x, 0.25)), 1e-4);
  const Plane board = plane(48, 64, [](double y, double x) { return std::fmod(y + x, 2); });
  for (const float value : resize_bicubic(board, 12, 16).values) EXPECT_NEAR(value, 0.5, 0.02);
}

TEST(Resize, BlockMeanIsTheMeanOfBlocks) {
  const Plane small = block_mean(plane(4, 6, [](double y, double x) { return 10 * y + x; }), 2);
  EXPECT_EQ(small.values, (std::vector<float>{5.5, 7.5, 9.5, 25.5, 27.5, 29.5}));
}

// Waves below the new Nyquist wave number are sampled where the cells lie, others vanish.
TEST(Resize, TruncationInKSpaceKeepsLongWavesAndNoOthers) {
  for (const idx_t n : {24, 36}) {
    const auto wave = [n](int k) {
      return [=](double y, double x) {
        return std::cos(2 * std::numbers::pi * k * (x + 0.5) / static_cast<double>(n) + 0.4) + 0.01 * y * 0;
      };
    };
    const Plane kept = truncate_k_space(plane(n, n, wave(2)), 4),
                gone = truncate_k_space(plane(n, n, wave(7)), 4);
    for (idx_t i = 0; i < n / 4 * (n / 4); ++i) {
      EXPECT_NEAR(kept.values[i], wave(2)(0, there(i % (n / 4), 0.25)), 1e-5);
      EXPECT_NEAR(gone.values[i], 0, 1e-5);
    }
  }
}

TEST(Resize, TruncationByOneChangesNothing) {
  const Plane p = plane(6, 5, [](double y, double x) { return y * y - x + std::sin(3 * x * y); });
  const Plane same = truncate_k_space(p, 1);
  for (std::size_t i = 0; i < p.values.size(); ++i) EXPECT_NEAR(same.values[i], p.values[i], 1e-5);
}

TEST(Resize, Parts) {
  const Plane whole = plane(3, 4, [](double y, double x) { return 10 * y + x; });
  EXPECT_EQ(part_of(whole, 0, 0, 2, 3).values, (std::vector<float>{0, 1, 2, 10, 11, 12}));
  EXPECT_EQ(part_of(whole, 1, 2, 2, 2).values, (std::vector<float>{12, 13, 22, 23}));
}

TEST(Plane, EdgesAreMirroredAsOftenAsItTakes) {
  for (const auto& [i, at] : {std::pair<idx_t, idx_t>{-1, 0}, {-3, 2}, {-4, 2}, {0, 0}, {3, 2}, {6, 0}})
    EXPECT_EQ(mirrored(i, 3), at) << i;
}

}  // namespace
}  // namespace podscale
