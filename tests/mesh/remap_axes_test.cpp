#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "example_meshes.hpp"
#include "podscale/mesh/remap.hpp"

using namespace podscale;

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

Mesh regular(double lat0, double lon0, long ny, long nx, double step) {
  return Mesh::rectilinear(regular_axis(lat0, step, ny), regular_axis(lon0, step, nx));
}

/// Evaluates f on the source window of the remap (columns modulo nx).
template <class F>
std::vector<float> sample(const Mesh& grid, const Window& w, F f) {
  std::vector<float> values;
  for (long j = w.y0; j < w.y0 + w.ny; ++j)
    for (long i = w.x0; i < w.x0 + w.nx; ++i) {
      const long column = (i % grid.nx() + grid.nx()) % grid.nx();
      values.push_back(static_cast<float>(f(grid.y().centres[j], grid.x().centres[column])));
    }
  return values;
}

}  // namespace

TEST(RemapAxes, LinearFieldsAreExactInsideTheHull) {
  const Mesh coarse = regular(-40, 150, 6, 7, 2.0), fine = regular(-40, 150, 41, 49, 0.25);
  const auto linear = [](double lat, double lon) { return 3.0 + 0.5 * lat - 0.25 * lon; };
  for (const auto kind : {Interpolation::bilinear, Interpolation::bicubic}) {
    const Window window{0, fine.ny(), 0, fine.nx()};
    const Remap remap(coarse, all_ocean(coarse.points()), fine, window, all_ocean(fine.points()), kind);
    EXPECT_EQ(remap.unreached(), 0);
    std::vector<float> out(window.points());
    remap.apply(sample(coarse, remap.source(), linear), out);
    for (long j = 0; j < fine.ny(); ++j)
      for (long i = 0; i < fine.nx(); ++i)
        ASSERT_NEAR(out[j * fine.nx() + i], linear(fine.y().centres[j], fine.x().centres[i]), 2e-5);
  }
}

TEST(RemapAxes, BicubicIsLinearExactHalfACellBeyondTheCentresAndBilinearConstant) {
  const Mesh coarse = regular(1, 11, 4, 4, 2.0), fine = regular(0.125, 10.125, 32, 32, 0.25);
  const auto linear = [](double lat, double) { return lat; };
  const Window window{0, 32, 0, 32};
  std::vector<float> out(window.points());
  const Remap bicubic(coarse, all_ocean(coarse.points()), fine, window, all_ocean(fine.points()),
                      Interpolation::bicubic);
  bicubic.apply(sample(coarse, bicubic.source(), linear), out);
  for (long j = 0; j < 32; ++j) EXPECT_NEAR(out[j * 32 + 5], fine.y().centres[j], 1e-5);
  const Remap bilinear(coarse, all_ocean(coarse.points()), fine, window, all_ocean(fine.points()),
                       Interpolation::bilinear);
  bilinear.apply(sample(coarse, bilinear.source(), linear), out);
  EXPECT_NEAR(out[0], 1.0, 1e-6);
}

TEST(RemapAxes, BicubicMatchesKeysCubicConvolution) {
  // Reference: the convolution sum itself, one point in the interior.
  const Mesh coarse = regular(0, 0, 8, 8, 1.0), fine = regular(3.3, 4.6, 1, 2, 0.5);
  const auto field = [](double lat, double lon) { return std::sin(lat) * std::cos(0.7 * lon); };
  const auto kernel = [](double s) {
    s = std::abs(s);
    const double a = -0.5;
    if (s <= 1) return (a + 2) * s * s * s - (a + 3) * s * s + 1;
    return s < 2 ? a * s * s * s - 5 * a * s * s + 8 * a * s - 4 * a : 0.0;
  };
  double expected = 0;
  for (int j = 0; j < 8; ++j)
    for (int i = 0; i < 8; ++i) expected += kernel(3.3 - j) * kernel(4.6 - i) * field(j, i);
  const Remap remap(coarse, all_ocean(coarse.points()), fine, {0, 1, 0, 1}, std::vector<unsigned char>{1},
                    Interpolation::bicubic);
  std::vector<float> out(1);
  remap.apply(sample(coarse, remap.source(), field), out);
  EXPECT_NEAR(out[0], expected, 1e-6);
}

TEST(RemapAxes, LandNeverBleeds) {
  const Mesh coarse = regular(0, 0, 6, 6, 4.0), fine = regular(0, 0, 21, 21, 1.0);
  auto ocean = all_ocean(coarse.points());
  for (long j = 0; j < 6; ++j) ocean[j * 6] = ocean[j * 6 + 1] = 0;
  for (const auto kind : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic}) {
    const Window window{0, 21, 0, 21};
    const Remap remap(coarse, ocean, fine, window, all_ocean(fine.points()), kind);
    auto values = sample(coarse, remap.source(), [](double, double) { return 7.0; });
    const Window& s = remap.source();
    for (long j = 0; j < s.ny; ++j)
      for (long i = 0; i < s.nx; ++i)
        if (!ocean[(s.y0 + j) * 6 + s.x0 + i]) values[j * s.nx + i] = kMissing;
    std::vector<float> out(window.points());
    remap.apply(values, out);
    for (const float v : out)
      ASSERT_NEAR(v, 7.0f, 1e-6);  // a constant ocean stays constant, right up to the coast
    EXPECT_EQ(remap.unreached(), 0);
  }
}

TEST(RemapAxes, PointsFarFromAnyOceanAreCountedAndZero) {
  const Mesh coarse = regular(0, 0, 12, 12, 1.0), fine = regular(0, 0, 12, 12, 1.0);
  std::vector<unsigned char> ocean(144, 0);
  ocean[0] = 1;
  const Remap remap(coarse, ocean, fine, {0, 12, 0, 12}, all_ocean(fine.points()), Interpolation::bilinear,
                    3);
  std::vector<float> in(remap.source().points(), 5.0f), out(144);
  remap.apply(in, out);
  EXPECT_EQ(remap.unreached(), 144 - 16);
  EXPECT_EQ(out[0], 5.0f);
  EXPECT_EQ(out[143], 0.0f);
}

TEST(RemapAxes, PeriodicGridsJoinAtTheirCutWhateverItIs) {
  // Coarse 0..360, fine -180..180: a wave in longitude must come out smooth across both cuts.
  const Mesh coarse = regular(-10, 0, 5, 36, 10.0 * 1.0), fine = regular(-10, -178, 5, 90, 4.0);
  std::vector<double> lat{-20, -10, 0, 10, 20};
  const Mesh global = Mesh::rectilinear(lat, coarse.x().centres);
  ASSERT_TRUE(global.periodic());
  const auto wave = [](double, double lon) { return std::cos(lon * std::numbers::pi / 180); };
  const Mesh target = Mesh::rectilinear({-10, 0, 10}, fine.x().centres);
  for (const Window window : {Window{0, 3, 0, 90}, Window{0, 3, 30, 30}, Window{0, 3, 80, 10}}) {
    const std::vector<unsigned char> sea(window.points(), 1);
    const Remap remap(global, all_ocean(global.points()), target, window, sea, Interpolation::bicubic);
    std::vector<float> out(window.points());
    remap.apply(sample(global, remap.source(), wave), out);
    for (long j = 0; j < window.ny; ++j)
      for (long i = 0; i < window.nx; ++i)
        ASSERT_NEAR(out[j * window.nx + i], wave(0, target.x().centres[window.x0 + i]), 2e-3);
    if (window.nx < 90) {
      EXPECT_LT(remap.source().nx, 20);  // not the whole circle
    }
  }
}

TEST(RemapAxes, WindowsGiveTheSameBitsAsTheWhole) {
  const Mesh coarse = regular(0, 0, 6, 6, 4.0), fine = regular(-1.5, -1.5, 24, 24, 1.0);
  auto ocean = all_ocean(coarse.points());
  for (const std::size_t land : {7u, 8u, 13u, 28u}) ocean[land] = 0;
  const auto field = [](double lat, double lon) { return std::sin(lat) + 0.1 * lon; };
  std::vector<float> whole(576);
  const Remap all(coarse, ocean, fine, {0, 24, 0, 24}, all_ocean(fine.points()), Interpolation::bicubic);
  all.apply(sample(coarse, all.source(), field), whole);
  for (const Window w : {Window{0, 8, 0, 8}, Window{8, 8, 16, 8}, Window{16, 8, 3, 10}}) {
    std::vector<float> part(w.points());
    const Remap remap(coarse, ocean, fine, w, std::vector<unsigned char>(part.size(), 1),
                      Interpolation::bicubic);
    remap.apply(sample(coarse, remap.source(), field), part);
    for (long j = 0; j < w.ny; ++j)
      for (long i = 0; i < w.nx; ++i) ASSERT_EQ(part[j * w.nx + i], whole[(w.y0 + j) * 24 + w.x0 + i]);
  }
}
