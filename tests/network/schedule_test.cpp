// The schedule as an angle: definition, monotonicity, the clip, and the grid of the samplers.
#include "podscale/network/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace podscale {
namespace {

TEST(Schedule, IsTheCosineOfNicholAndDhariwal) {
  constexpr int steps = 1000;
  const Schedule schedule(steps);
  const auto f = [](int t) {
    return std::pow(std::cos((t / 1000.0 + 0.008) / 1.008 * std::numbers::pi / 2), 2);
  };
  // Equation 17 holds wherever beta is not clipped: everywhere but at the last steps.
  for (int t = 0; t <= 990; ++t) EXPECT_NEAR(schedule.alpha_bar(t), f(t) / f(0), 1e-12) << t;
}

TEST(Schedule, AnglesRiseFromDataToNoise) {
  for (const int steps : {1, 2, 50, 1000}) {
    const Schedule schedule(steps);
    EXPECT_EQ(schedule.steps(), steps);
    EXPECT_EQ(schedule.angle(0), 0);
    EXPECT_EQ(schedule.alpha_bar(0), 1);
    for (int t = 1; t <= steps; ++t) {
      EXPECT_GT(schedule.angle(t), schedule.angle(t - 1)) << t;
      EXPECT_LE(1 - schedule.alpha_bar(t) / schedule.alpha_bar(t - 1), 0.999 + 1e-9) << t;  // beta is clipped
    }
    EXPECT_LT(schedule.angle(steps), std::numbers::pi / 2);
    EXPECT_GT(schedule.alpha_bar(steps), 0);
  }
}

TEST(Schedule, TrainingCoversTheStartOfTheSamplers) {
  EXPECT_GT(Schedule(1000).angle(1000), sampler_start_angle());
  EXPECT_NEAR(std::cos(sampler_start_angle()), 0.01, 1e-12);
}

TEST(SamplerAngles, GoDownToZeroInEqualSteps) {
  for (const int steps : {1, 7, 100}) {
    const auto angles = sampler_angles(steps);
    ASSERT_EQ(angles.size(), static_cast<std::size_t>(steps) + 1);
    EXPECT_EQ(angles.front(), sampler_start_angle());
    EXPECT_EQ(angles.back(), 0);
    for (int i = 0; i < steps; ++i)
      EXPECT_NEAR(angles[i] - angles[static_cast<std::size_t>(i) + 1], sampler_start_angle() / steps, 1e-12);
  }
}

}  // namespace
}  // namespace podscale
