// Against scipy: stats.t.cdf and its root by optimize.brentq (stats.t.ppf has nine digits only),
// and the integral of the CRPS by integrate.quad.
#include "podscale/stat/student.hpp"

#include <gtest/gtest.h>

#include <array>

#include "podscale/stat/normal.hpp"

using namespace podscale;

TEST(Student, DistributionOfStandardisedValues) {
  const std::array<double, 3> known[] = {{4.5, 1.3, 0.9259650070162883},
                                         {5, -2.2, 0.018119231339913604},
                                         {21, 0.4, 0.6608133484515426},
                                         {143, 3.0, 0.9985081905613952}};
  for (const auto& [nu, z, p] : known) {
    EXPECT_NEAR(predictive_cdf(z, nu), p, 1e-13) << nu;
    EXPECT_NEAR(predictive_cdf(-z, nu), 1 - p, 1e-13) << nu;
  }
  EXPECT_DOUBLE_EQ(predictive_cdf(0, 7), 0.5);
}

TEST(Student, HalfWidthsOfCentralIntervals) {
  const std::array<double, 4> known[] = {{4.5, 0.5462465762895647, 1.539589366738977, 1.9818362515208559},
                                         {5, 0.5628892087894135, 1.5608497583442282, 1.9911641278965466},
                                         {21, 0.6528509655759402, 1.6367529792094542, 1.978107333989907},
                                         {143, 0.6714638776313412, 1.643960900636451, 1.962820502349222}};
  for (const auto& [nu, half, ninety, most] : known) {
    EXPECT_NEAR(predictive_half_width(0.5, nu), half, 1e-12) << nu;
    EXPECT_NEAR(predictive_half_width(0.9, nu), ninety, 1e-12) << nu;
    EXPECT_NEAR(predictive_half_width(0.95, nu), most, 1e-12) << nu;
  }
}

TEST(Student, ScoreIsItsIntegral) {
  EXPECT_NEAR(predictive_crps(1, 2, 4.5, 3), 1.3711500502496023, 1e-9);
  EXPECT_NEAR(predictive_crps(0, 1, 8, 0), 0.21450445930364626, 1e-10);
  EXPECT_NEAR(predictive_crps(-1, 0.25, 21, -1.7), 0.4582320566984594, 1e-10);
  EXPECT_EQ(predictive_crps(1, 0, 8, 3), 2);
}

TEST(Student, ZeroDegreesAndVeryManyAreAGaussian) {
  for (const double z : {-3.0, -0.2, 0.0, 1.1}) {
    EXPECT_EQ(predictive_cdf(z, 0), normal_cdf(z));
    EXPECT_EQ(predictive_crps(1, 4, 0, z), gaussian_crps(1, 4, z));
    EXPECT_NEAR(predictive_cdf(z, 1e7), normal_cdf(z), 1e-6);
    EXPECT_NEAR(predictive_crps(1, 4, 1e7, z), gaussian_crps(1, 4, z), 1e-5);
  }
  EXPECT_EQ(predictive_half_width(0.9, 0), central_half_width(0.9));
}
