#include "podscale/verify/conformal_coverage.hpp"

#include <gtest/gtest.h>

using namespace podscale;

TEST(ConformalCoverage, CountsTruthsWithinTheHalfWidthsByWeight) {
  // Errors of 0.5, 1.5, 2.5 and 9 standard deviations of 2 K; the third point weighs twice, the
  // last is land.
  const std::vector<float> mean{10, 10, 10, 10, 10}, variance(5, 4.0f), truth{11, 7, 15, 28, 10},
      climatology(5, 0.0f);
  const std::vector<double> weights{1, 1, 2, 1, 0};
  const std::array<double, 4> half_width{0.5, 1.5, 2.4, 8.99};
  ConformalCoverage scores({{"podscale", 0, half_width}, {"other", 2, half_width}}, 1);
  const Forecast forecasts[] = {{mean, variance, {}}, {truth, {}, {}}, {truth, variance, {}}};
  scores.add({0, weights, forecasts, truth, climatology});
  scores.reduce(Communicator::self());
  const ScoreSection section = scores.section({});
  EXPECT_EQ(section.variables.front().values, (std::vector<double>{0.2, 0.4, 0.4, 0.8, 1, 1, 1, 1}));
  EXPECT_EQ(section.axes[0].values, (std::vector<double>{0, 2}));  // as `system` counts, from 0
}
