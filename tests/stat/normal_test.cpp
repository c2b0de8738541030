#include "podscale/stat/normal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "podscale/core/random.hpp"

namespace podscale {
namespace {

TEST(NormalQuantile, KnownValues) {
  // R: sprintf("%.16g", qnorm(p)); the last two rows exercise the far tail of AS 241.
  const std::pair<double, double> known[] = {{0.5, 0.0},
                                             {0.75, 0.6744897501960817},
                                             {0.9, 1.2815515655446004},
                                             {0.95, 1.6448536269514722},
                                             {0.975, 1.959963984540054},
                                             {0.995, 2.5758293035489004},
                                             {0.025, -1.959963984540054},
                                             {1e-10, -6.361340902404056},
                                             {1e-20, -9.262340089798408}};
  for (const auto& [p, z] : known)
    EXPECT_NEAR(normal_quantile(p), z, 2e-15 * std::max(1.0, std::abs(z))) << p;
}

TEST(NormalQuantile, InvertsTheDistribution) {
  for (double p = 1e-14; p < 0.5; p *= 1.7) EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1.0, 1e-13) << p;
}

TEST(NormalQuantile, EdgesAndNonsense) {
  EXPECT_EQ(normal_quantile(0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(normal_quantile(1), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(normal_quantile(-0.1)));
  EXPECT_TRUE(std::isnan(normal_quantile(std::nan(""))));
}

TEST(CentralHalfWidth, NinetyFivePercent) {
  EXPECT_NEAR(central_half_width(0.95), 1.959963984540054, 1e-14);
}

// CRPS = integral (F(x) - 1{x >= y})^2 dx, each side of the jump by Simpson's rule.
double crps_by_integration(double mean, double s, double y) {
  const auto simpson = [&](double from, double to, double step) {
    const int n = 20000;
    const double h = (to - from) / n;
    double sum = 0;
    for (int i = 0; i <= n; ++i) {
      const double f = normal_cdf((from + i * h - mean) / s) - step;
      sum += (i == 0 || i == n ? 1 : i % 2 ? 4 : 2) * f * f;
    }
    return sum * h / 3;
  };
  const double low = std::min(mean, y) - 12 * s, high = std::max(mean, y) + 12 * s;
  return simpson(low, y, 0) + simpson(y, high, 1);
}

TEST(GaussianCrps, IsTheIntegralOfItsDefinition) {
  for (const double s : {0.01, 0.4, 3.0})
    for (const double z : {-4.0, -1.0, 0.0, 0.3, 2.5})
      EXPECT_NEAR(gaussian_crps(12.0, s * s, 12.0 + z * s), crps_by_integration(12.0, s, 12.0 + z * s),
                  1e-11 * s);
}

TEST(GaussianCrps, ByHand) {
  // At the mean: s (2 / sqrt(2 pi) - 1 / sqrt(pi)).
  const double s = 0.7;
  EXPECT_NEAR(gaussian_crps(3, s * s, 3), s * (std::sqrt(2 / std::numbers::pi) - std::numbers::inv_sqrtpi),
              1e-15);
}

TEST(GaussianCrps, NoVarianceIsAbsoluteError) {
  EXPECT_DOUBLE_EQ(gaussian_crps(3, 0, 1), 2);
  EXPECT_DOUBLE_EQ(gaussian_crps(3, -1e-12, 1), 2);
  EXPECT_NEAR(gaussian_crps(3, 1e-16, 1), 2, 1e-8);  // continuous there
}

TEST(MixtureCrps, OfOneComponentIsThatOfTheGaussian) {
  const double mean[] = {3}, variance[] = {0.49};
  for (const double y : {1.0, 3.0, 4.7})
    EXPECT_NEAR(mixture_crps(mean, variance, y), gaussian_crps(3, 0.49, y), 1e-14);
}

TEST(MixtureCrps, IsTheIntegralOfItsDefinition) {
  const double means[] = {1, 2.5, -0.5}, variances[] = {0.09, 1, 0.25};
  for (const double y : {-2.0, 0.4, 2.2}) {
    double sum = 0;
    constexpr double step = 1e-4;
    for (double x = -12 + step / 2; x < 14; x += step) {
      double p = 0;
      for (int r = 0; r < 3; ++r) p += normal_cdf((x - means[r]) / std::sqrt(variances[r])) / 3;
      p -= x >= y ? 1 : 0;
      sum += p * p * step;
    }
    EXPECT_NEAR(mixture_crps(means, variances, y), sum, 1e-4);
  }
}

TEST(MixtureCrps, WithoutVariancesIsThatOfAnEnsemble) {
  const double means[] = {1, 2, 4}, none[] = {0, 0, 0};
  // E |X - y| - E |X - X'| / 2, all pairs.
  EXPECT_NEAR(mixture_crps(means, none, 3), (2 + 1 + 1) / 3.0 - 2 * (1 + 3 + 2) / 9.0 / 2, 1e-14);
}

}  // namespace
}  // namespace podscale
