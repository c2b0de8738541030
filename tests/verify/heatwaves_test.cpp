#include "podscale/verify/heatwaves.hpp"

#include <gtest/gtest.h>

namespace podscale {
namespace {

HeatwaveSums of(const std::vector<double>& above, std::vector<bool> joined = {}) {
  if (joined.empty()) joined.assign(above.size(), true);
  std::vector<double> anomaly;
  for (const double a : above) anomaly.push_back(a + 2);
  return heatwaves(above, anomaly, joined, 5);
}

TEST(Heatwaves, FiveTimesInARowAboveTheLimitMakeAnEvent) {
  const auto none = of({1, 1, 1, 1, -1, 1, 1, 1, 1});
  EXPECT_EQ(none.events, 0);
  EXPECT_EQ(none.heat, 0);
  const auto two = of({1, 1, 1, 1, 2, -1, 3, 3, -1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5});
  EXPECT_EQ(two.events, 2);
  EXPECT_EQ(two.times, 11);
  EXPECT_DOUBLE_EQ(two.heat, 6 + 3);
  EXPECT_DOUBLE_EQ(two.intensity, 6 + 3 + 2 * 11);
}

TEST(Heatwaves, AMissingTimeOrAGapOfTimesEndsAnEvent) {
  EXPECT_EQ(of({1, 1, 1, undefined, 1, 1, 1}).events, 0);
  std::vector<bool> joined(8, true);
  joined[4] = false;
  EXPECT_EQ(of(std::vector<double>(8, 1.0), joined).events, 0);
  EXPECT_EQ(of(std::vector<double>(8, 1.0)).events, 1);
  EXPECT_EQ(of(std::vector<double>(8, 0.0)).events, 0);  // at the limit is not above it
}

}  // namespace
}  // namespace podscale
