#include "podscale/verify/field_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "podscale/core/random.hpp"

namespace podscale {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
const std::vector<double> unit3 = {1, 1, 1};

TEST(FieldScores, ByHand) {
  const std::vector<float> mean = {1, 2, 6}, truth = {2, 2, 4}, climatology = {1, 1, 1}, variance = {1, 0, 4};
  const Scores x =
      scores_of(field_sums(unit3, {mean, variance, {}}, truth, climatology), {true, false, 0, 10});
  EXPECT_DOUBLE_EQ(x.bias, 1.0 / 3);
  EXPECT_DOUBLE_EQ(x.mae, 1.0);
  EXPECT_DOUBLE_EQ(x.rmse, std::sqrt(5.0 / 3));
  // f - 3 = -2 -1 3; o - 8/3 = -2/3 -2/3 4/3: covariance 6, variances 14 and 8/3.
  EXPECT_NEAR(x.correlation, 6 / std::sqrt(14 * 8.0 / 3), 1e-14);
  EXPECT_NEAR(x.anomaly_correlation, x.correlation, 1e-14);  // a constant climatology
  EXPECT_DOUBLE_EQ(x.spread, std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(x.spread_skill, 1.0);
  EXPECT_DOUBLE_EQ(x.error_over_variance, 1.0);
  EXPECT_DOUBLE_EQ(x.standardised_error, (1.0 + 1.0) / 2);  // the point without variance has none
  EXPECT_DOUBLE_EQ(x.coverage[0], 1.0 / 3);                 // only the exact one: |z| = 1 > 0.674
  EXPECT_DOUBLE_EQ(x.coverage[1], 1.0);                     // |z| = 1 < 1.28
  EXPECT_NEAR(x.crps, (gaussian_crps(1, 1, 2) + gaussian_crps(6, 4, 4)) / 3, 1e-15);
  EXPECT_DOUBLE_EQ(x.psnr, 10 * std::log10(100 / (5.0 / 3)));
  EXPECT_EQ(x.points, 3);
}

TEST(FieldScores, Weights) {
  const std::vector<float> mean = {1, 2, 6}, truth = {2, 2, 4};
  const std::vector<double> weights = {1, 2, 0.5};
  const Scores x = scores_of(field_sums(weights, {mean, {}, {}}, truth, {}), {});
  EXPECT_DOUBLE_EQ(x.rmse, std::sqrt((1 + 0.5 * 4) / 3.5));
  EXPECT_DOUBLE_EQ(x.bias, (-1 + 0.5 * 2) / 3.5);
}

TEST(FieldScores, DeterministicCrpsIsMae) {
  const std::vector<float> mean = {1, 2, 6}, truth = {2, 2, 4};
  const Scores x = scores_of(field_sums(unit3, {mean, {}, {}}, truth, {}), {});
  EXPECT_DOUBLE_EQ(x.crps, x.mae);
  EXPECT_DOUBLE_EQ(x.fair_crps, x.mae);
  for (const double undefined :
       {x.spread, x.spread_skill, x.coverage[0], x.psnr, x.ssim, x.anomaly_correlation})
    EXPECT_TRUE(std::isnan(undefined));
}

TEST(FieldScores, MembersOfAPoint) {
  // Members by field: (1, 4) and (0, 0) and (2, 2); by hand as in ensemble_test.
  const std::vector<float> mean = {2.5, 0, 2}, members = {1, 0, 2, 4, 0, 2}, variance = {4.5, 0, 0},
                           truth = {5, 1, 2};
  const Scores x = scores_of(field_sums(unit3, {mean, variance, members}, truth, {}), {true, true, 2, 0});
  EXPECT_DOUBLE_EQ(x.fair_crps, (1.0 + 1.0 + 0.0) / 3);
  EXPECT_DOUBLE_EQ(x.spread, std::sqrt(1.5 * 1.5));  // mean variance 4.5 / 3, times (2 + 1) / 2
}

TEST(FieldScores, ConstantHasNoCorrelation) {
  const std::vector<float> mean = {17.3f, 17.3f, 17.3f}, truth = {2, 3, 4};
  EXPECT_TRUE(std::isnan(scores_of(field_sums(unit3, {mean, {}, {}}, truth, mean), {}).correlation));
  EXPECT_TRUE(std::isnan(scores_of(field_sums(unit3, {mean, {}, {}}, truth, mean), {}).anomaly_correlation));
}

TEST(FieldScores, CorrelationIgnoresScaleAndOffset) {
  const std::vector<float> truth = {2, 3, 5}, mean = {104, 106, 110}, minus = {-2, -3, -5};
  EXPECT_NEAR(scores_of(field_sums(unit3, {mean, {}, {}}, truth, {}), {}).correlation, 1, 1e-9);
  EXPECT_NEAR(scores_of(field_sums(unit3, {minus, {}, {}}, truth, {}), {}).correlation, -1, 1e-12);
}

TEST(FieldScores, PerfectForecast) {
  const std::vector<float> x = {2, 3, 5};
  const Scores s = scores_of(field_sums(unit3, {x, {}, {}}, x, {}), {false, false, 0, 3});
  EXPECT_EQ(s.rmse, 0);
  EXPECT_EQ(s.psnr, std::numeric_limits<double>::infinity());
}

TEST(FieldScores, PerfectGaussianIsCovered) {
  // Truth drawn from the forecast's own distribution: nominal coverage, error over variance 1,
  // CRPS sigma / sqrt(pi).
  const std::size_t n = 200000;
  std::vector<float> mean(n), z(n), truth(n), variance(n);
  const CounterRandom random(3, Stream::test);
  random.fill_normal(std::span<float>(mean), 1);
  random.fill_normal(std::span<float>(z), 2);
  double mean_sigma = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double sigma = 0.2 + 0.6 * random.uniform(3, static_cast<std::uint32_t>(i));
    mean_sigma += sigma / static_cast<double>(n);
    variance[i] = static_cast<float>(sigma * sigma);
    truth[i] = static_cast<float>(mean[i] + sigma * z[i]);
  }
  const std::vector<double> weights(n, 1.0);
  const Scores s = scores_of(field_sums(weights, {mean, variance, {}}, truth, {}), {true, false, 0, 0});
  for (std::size_t k = 0; k < coverage_levels.size(); ++k) {
    const double p = coverage_levels[k];
    EXPECT_NEAR(s.coverage[k], p, 4 * std::sqrt(p * (1 - p) / static_cast<double>(n)));
  }
  EXPECT_NEAR(s.standardised_error, 1, 4 * std::sqrt(2.0 / static_cast<double>(n)));
  EXPECT_NEAR(s.spread_skill, 1, 0.01);
  EXPECT_NEAR(s.crps, mean_sigma / std::sqrt(M_PI), 0.003);
}

TEST(PointWeights, AreaOnOceanWithTruthOnly) {
  const Mesh grid = Mesh::rectilinear({0, 30, 60}, {10, 11});
  const std::vector<unsigned char> ocean = {1, 1, 1, 0, 1, 1};
  const std::vector<float> truth = {1, nan, 1, 1, 1, 1}, mean = {1, 1, 1, 1, nan, 1};
  const Forecast forecast{mean, {}, {}};
  long lost = 0;
  const auto weights = point_weights(ocean_area(grid, 0, ocean), truth, std::span(&forecast, 1), &lost);
  EXPECT_DOUBLE_EQ(weights[0], grid.area_weight(0, 0));
  EXPECT_EQ(weights[1], 0);  // cloud
  EXPECT_EQ(weights[3], 0);  // land
  EXPECT_EQ(weights[4], 0);  // the forecast has no value
  EXPECT_EQ(lost, 1);
  EXPECT_GT(weights[0], weights[2]);
  EXPECT_GT(weights[2], weights[5]);
}

TEST(PointWeights, MembersAndVarianceMustBeThereToo) {
  const Mesh grid = Mesh::rectilinear({0, 1}, {10, 11});
  const std::vector<unsigned char> ocean(4, 1);
  const std::vector<float> field = {1, 1, 1, 1}, variance = {1, nan, 1, 1},
                           members = {1, 1, 1, 1, 1, 1, nan, 1};
  const Forecast forecast{field, variance, members};
  const auto weights = point_weights(ocean_area(grid, 0, ocean), field, std::span(&forecast, 1));
  EXPECT_GT(weights[0], 0);
  EXPECT_EQ(weights[1], 0);
  EXPECT_EQ(weights[2], 0);
}

TEST(FieldScores, NothingOfAnExcludedPointEnters) {
  const std::vector<float> mean = {1, nan, 6}, truth = {2, nan, nan}, variance = {1, nan, nan},
                           members = {1, nan, 3, 2, 1, nan};
  const std::vector<double> weights = {1, 0, 0};
  const FieldSums sums = field_sums(weights, {mean, variance, members}, truth, truth);
  for (const double value : sums.values) EXPECT_TRUE(std::isfinite(value));
  EXPECT_DOUBLE_EQ(scores_of(sums, {true, true, 2, 1}).rmse, 1);
}

TEST(FieldScores, NoPointAtAll) {
  const std::vector<float> x = {nan, nan, nan};
  const Scores s = scores_of(field_sums(std::vector<double>{0, 0, 0}, {x, {}, {}}, x, {}), {});
  EXPECT_TRUE(std::isnan(s.rmse));
  EXPECT_EQ(s.points, 0);
}

}  // namespace
}  // namespace podscale
