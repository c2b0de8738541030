#include "podscale/verify/brier.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "podscale/core/random.hpp"

namespace podscale {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(MonthlyField, LinearBetweenMidMonths) {
  MonthlyField field{1, {}};
  for (int m = 0; m < 12; ++m) field.values.push_back(m);
  double out[1];
  const auto at = [&](double phase) {
    field.evaluate(phase, out);
    return out[0];
  };
  EXPECT_NEAR(at(0.5 / 12), 0, 1e-12);
  EXPECT_NEAR(at(1.0 / 12), 0.5, 1e-12);
  EXPECT_NEAR(at(7.75 / 12), 7.25, 1e-12);
  EXPECT_NEAR(at(0), 5.5, 1e-12);  // half-way between December and January
  EXPECT_NEAR(at(0.25 / 12), 11 * 0.25, 1e-12);
}

TEST(UpperQuantile, EqualsNumpy) {
  // numpy.quantile(x, 0.9) of the first 11, 10 and 4 values.
  const float x[] = {3.5f, 1.25f, -2, 7, 0.5f, 4.75f, 9, -1.5f, 2.25f, 6, 5.5f};
  for (const auto& [count, expected] : {std::pair{11, 7.0}, {10, 7.2}, {4, 5.95}}) {
    UpperQuantile top(2, 0.9, 11);  // room for more than come
    for (int k = 0; k < count; ++k) {
      const float field[] = {x[k], k == 0 ? 1.5f : nan};
      top.add(field);
    }
    EXPECT_NEAR(top.quantiles()[0], expected, 1e-12) << count;
    EXPECT_EQ(top.quantiles()[1], 1.5);
  }
  EXPECT_TRUE(std::isnan(UpperQuantile(1, 0.9, 0).quantiles()[0]));
}

TEST(UpperQuantile, OfManyNormalsIsTheirs) {
  const long n = 20000;
  UpperQuantile top(1, 0.9, n);
  const CounterRandom random(2, Stream::test);
  std::vector<float> z(n);
  random.fill_normal(std::span<float>(z), 1);
  for (const float value : z) top.add(std::span(&value, 1));
  EXPECT_NEAR(top.quantiles()[0], 1.2815515655446004, 4 * std::sqrt(0.09 / n) / 0.17549833);
}

TEST(UpperQuantile, NewValuesExceedItAsOftenAsExpected) {
  // The 90th percentile of 17 values is exceeded by 14.4 % of new ones, not by 10 %.
  const long points = 40000;
  for (const long n : {17L, 51L, 300L}) {
    UpperQuantile top(points, 0.9, n), uniform(points, 0.9, n);
    const CounterRandom random(12, Stream::test);
    std::vector<float> field(points);
    for (long k = 0; k < n; ++k) {
      random.fill_normal(std::span<float>(field), static_cast<std::uint32_t>(k),
                         static_cast<std::uint32_t>(n));
      top.add(field);
      for (float& value : field) value = static_cast<float>(1 - exceedance_probability(0, 1, value));
      uniform.add(field);
    }
    double above = 0, above_uniform = 0;
    for (const double limit : top.quantiles()) above += exceedance_probability(0, 1, limit) / points;
    for (const double limit : uniform.quantiles()) above_uniform += (1 - limit) / points;
    // Linear between order statistics is exact where the density is flat, and nearly so elsewhere.
    EXPECT_NEAR(top.exceedance()[0], above_uniform, 1.5e-3) << n;
    EXPECT_NEAR(top.exceedance()[0], above, 5e-3) << n;
    EXPECT_NEAR(top.exceedance()[0], 0.1 + 0.8 / static_cast<double>(n + 1), 1e-12) << n;
  }
  EXPECT_TRUE(std::isnan(UpperQuantile(1, 0.9, 4).exceedance()[0]));
}

TEST(PooledMonths, WhereAMonthHasFew) {
  std::array<long, 12> fields;
  fields.fill(fewest_fields);
  EXPECT_EQ(pooled_months(fields, 0), (std::vector<std::size_t>{0}));
  fields[0] = fields[11] = fewest_fields - 1;
  EXPECT_EQ(pooled_months(fields, 0), (std::vector<std::size_t>{11, 0, 1}));
  EXPECT_EQ(pooled_months(fields, 11), (std::vector<std::size_t>{10, 11, 0}));
  EXPECT_EQ(pooled_months(fields, 1), (std::vector<std::size_t>{1}));
}

TEST(ExceedanceProbability, GaussianAndDeterministic) {
  EXPECT_DOUBLE_EQ(exceedance_probability(3, 4, 3), 0.5);
  EXPECT_NEAR(exceedance_probability(0, 1, 1.959963984540054), 0.025, 1e-14);
  EXPECT_EQ(exceedance_probability(2, 0, 1.9), 1);
  EXPECT_EQ(exceedance_probability(2, 0, 2), 0);
}

ExceedanceEvent above(double threshold, long points, double frequency) {
  ExceedanceEvent event;
  event.threshold = threshold;
  event.frequency = {points, std::vector<double>(12 * points, frequency)};
  return event;
}

BrierScores score(const std::vector<double>& weights, const std::vector<float>& mean,
                  const std::vector<float>& variance, const std::vector<float>& truth, double frequency) {
  BrierScores scores({{"podscale", "", !variance.empty(), false}}, above(0, std::ssize(mean), frequency),
                     {0.3});
  const Forecast forecast{mean, variance, {}};
  scores.add({0, weights, std::span(&forecast, 1), truth, mean});
  scores.reduce(Communicator::self());
  return scores;
}

TEST(Brier, ByHand) {
  // Probabilities 1, 0, 1; events 1, 1, 0; weights 1, 2, 1: (0 + 2 + 1) / 4; the frequency of 1/2:
  // 1/4.
  const BrierSummary x = score({1, 2, 1, 0}, {1, -1, 1, nan}, {}, {1, 1, -1, nan}, 0.5).summary(0);
  EXPECT_DOUBLE_EQ(x.score, 0.75);
  EXPECT_DOUBLE_EQ(x.skill, -2);
  EXPECT_DOUBLE_EQ(x.uncertainty, 0.75 * 0.25);
  EXPECT_DOUBLE_EQ(x.share[0], 0.5);
  EXPECT_DOUBLE_EQ(x.share[9], 0.5);
  EXPECT_DOUBLE_EQ(x.observed[0], 1);
  EXPECT_DOUBLE_EQ(x.observed[9], 0.5);
  EXPECT_TRUE(std::isnan(x.observed[4]));
}

TEST(Brier, DecompositionIsExactForOneProbabilityABin) {
  // Means from a list, variance 1: few distinct probabilities, each in a bin of its own.
  const double levels[] = {-2, -1, -0.4, 0, 0.4, 1, 2};
  const std::size_t n = 7000;
  const CounterRandom random(6, Stream::test);
  std::vector<float> mean, truth(n), variance(n, 1.0f);
  std::vector<double> weights;
  random.fill_normal(std::span<float>(truth), 1);
  for (std::size_t i = 0; i < n; ++i) {
    mean.push_back(static_cast<float>(levels[i % 7]));
    truth[i] = 0.7f * mean[i] + truth[i] - 0.2f;
    weights.push_back(0.5 + random.uniform(2, static_cast<std::uint32_t>(i)));
  }
  const BrierSummary x = score(weights, mean, variance, truth, 0.4).summary(0);
  EXPECT_NEAR(x.score, x.reliability - x.resolution + x.uncertainty, 1e-12);
  EXPECT_GT(x.reliability, 0.001);
  EXPECT_GT(x.resolution, 0.05);
}

TEST(Brier, CalibratedProbabilitiesAreReliable) {
  const std::size_t n = 200000;
  const CounterRandom random(9, Stream::test);
  std::vector<float> mean(n), truth(n), variance(n, 0.25f);
  random.fill_normal(std::span<float>(mean), 1);
  random.fill_normal(std::span<float>(truth), 2);
  for (std::size_t i = 0; i < n; ++i) truth[i] = mean[i] + 0.5f * truth[i];
  const BrierSummary x = score(std::vector<double>(n, 1.0), mean, variance, truth, 0.5).summary(0);
  for (std::size_t k = 0; k < probability_bins; ++k)
    EXPECT_NEAR(x.observed[k], x.forecast[k], 4.5 * std::sqrt(0.25 / (x.share[k] * n))) << k;
  EXPECT_LT(x.reliability, 1e-4);
  EXPECT_NEAR(x.skill, 1 - x.score / 0.25, 1e-12);
}

TEST(Brier, PercentileLimitsFollowTheClimatology) {
  ExceedanceEvent event;
  event.kind = ExceedanceEvent::Kind::percentile;
  event.percentile = {2, std::vector<double>(24, 1.5)};
  event.percentile.values[1] = std::nan("");  // January of the second point: nothing known
  const std::vector<float> climatology = {10, 20};
  EXPECT_DOUBLE_EQ(event.limits(0.5, climatology)[0], 11.5);
  EXPECT_DOUBLE_EQ(event.limits(0.5, climatology)[1], 21.5);
  EXPECT_TRUE(std::isnan(event.limits(0.5 / 12, climatology)[1]));
}

TEST(Brier, PointsWithoutLimitDoNotEnter) {
  ExceedanceEvent event = above(0, 2, 0.1);
  event.frequency.values.assign(24, std::nan(""));
  BrierScores scores({{"one", ""}}, event, {0.2});
  const std::vector<float> mean = {1, 1};
  const Forecast forecast{mean, {}, {}};
  scores.add({0, std::vector<double>{1, 1}, std::span(&forecast, 1), mean, mean});
  scores.reduce(Communicator::self());
  EXPECT_TRUE(std::isnan(scores.summary(0).score));
  EXPECT_TRUE(std::isnan(scores.summary(0).reliability));
}

}  // namespace
}  // namespace podscale
