#include "podscale/pod/point_fits.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/pod/climatology.hpp"

namespace podscale {
namespace {

double curve(double phase) { return 3 + 2 * std::cos(2 * M_PI * phase) - 0.5 * std::sin(4 * M_PI * phase); }

TEST(PointFits, EachPointHasItsOwnTimes) {
  PointFits fits(2, 2);
  for (int day = 0; day < 365; ++day) {
    const double phase = day / 365.0;
    const auto x = harmonic_basis(phase, 2);
    if (day % 3 == 0) fits.add(0, x, curve(phase));
    if (day % 5 != 1) fits.add(1, x, 10 * curve(phase));
  }
  for (std::size_t point = 0; point < 2; ++point) {
    const auto b = fits.solve_what_is_determined(point);
    const double scale = point == 0 ? 1 : 10;
    ASSERT_EQ(b.size(), 5u);
    EXPECT_NEAR(b[0], 3 * scale, 1e-9);
    EXPECT_NEAR(b[1], 2 * scale, 1e-9);
    EXPECT_NEAR(b[4], -0.5 * scale, 1e-9);
    EXPECT_EQ(b, fits.solve(point));
  }
}

TEST(PointFits, ASeasonAloneDeterminesAMean) {
  PointFits fits(2, 2);
  for (int day = 0; day < 60; ++day) fits.add(0, harmonic_basis(day / 365.0, 2), 4);
  const auto b = fits.solve_what_is_determined(0);
  EXPECT_NEAR(b[0], 4, 1e-9);
  for (std::size_t term = 1; term < 5; ++term) EXPECT_EQ(b[term], 0);
  EXPECT_TRUE(std::isnan(fits.solve_what_is_determined(1)[0]));
  EXPECT_TRUE(std::isnan(fits.solve(1)[0]));
}

}  // namespace
}  // namespace podscale
