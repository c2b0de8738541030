#include "podscale/verify/conformal_coverage.hpp"

#include <gtest/gtest.h>

using namespace podscale;

TEST(ConformalCoverage, CountsTruthsWithinTheHalfWidthsByWeight) {
  // Errors of 0.5, 1.5, 2.5 and 9 standard deviations of 2 K; the third point weighs twice, the last is land.
  const std::vector<float> mean{10, 10, 10, 10, 10}, variance(5, 4.0f), truth{11, 7, 15, 28, 10},
      climatology(5, 0.0f);
  const std::vector<double> weights{1, 1, 2, 1, 0};
  ConformalCoverage scores({{"podscale", 0, {0.5, 1.5, 2.4, 8.99}}}, 1);
  const Forecast forecast{mean, variance, {}};
  scores.add({0, weights, std::span(&forecast, 1), truth, climatology});
  scores.reduce(Communicator::self());
  EXPECT_EQ(scores.section().variables.front().values, (std::vector<double>{0.2, 0.4, 0.4, 0.8}));
}
