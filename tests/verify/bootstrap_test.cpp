#include "podscale/verify/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/verify/compared_product.hpp"

namespace podscale {
namespace {

TEST(CircularResample, BlocksOfConsecutiveTimes) {
  const std::vector<long> times = circular_resample(50, 7, 3, 11);
  ASSERT_EQ(times.size(), 50u);
  for (std::size_t t = 0; t < times.size(); ++t) {
    EXPECT_GE(times[t], 0);
    EXPECT_LT(times[t], 50);
    if (t % 7 != 0) {
      EXPECT_EQ(times[t], (times[t - 1] + 1) % 50);
    }
  }
  EXPECT_EQ(times, circular_resample(50, 7, 3, 11));
  EXPECT_NE(times, circular_resample(50, 7, 3, 12));
  EXPECT_NE(times, circular_resample(50, 7, 4, 11));
}

TEST(CircularResample, EveryTimeComesEquallyOften) {
  // No edge is favoured: each of the times makes up 1/20 of all.
  std::vector<double> count(20, 0.0);
  const int samples = 20000;
  for (std::uint32_t k = 0; k < samples; ++k)
    for (const long t : circular_resample(20, 6, 1, k)) count[t] += 1.0 / samples;
  for (const double c : count) EXPECT_NEAR(c, 1, 0.05);
}

double mean_over(const std::vector<double>& x, std::span<const long> times) {
  double sum = 0;
  for (const long t : times) sum += x[t];
  return sum / static_cast<double>(times.size());
}

Interval interval_of(const std::vector<double>& x, long block, int samples = 2000) {
  return bootstrap(std::ssize(x), {samples, block, 1, 0.95},
                   [&](std::span<const long> times) { return mean_over(x, times); });
}

TEST(Bootstrap, StandardErrorOfAMean) {
  // Independent times: half width 1.96 s / sqrt(n), whatever the block, up to its own sampling
  // error.
  const CounterRandom random(14, Stream::test);
  std::vector<double> x(900);
  random.fill_normal(std::span<double>(x), 1);
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / 900;
  double variance = 0;
  for (const double value : x) variance += (value - mean) * (value - mean) / 899;
  const double half = 1.959963984540054 * std::sqrt(variance / 900);
  const Interval single = interval_of(x, 1);
  EXPECT_DOUBLE_EQ(single.estimate, mean);
  EXPECT_NEAR((single.high - single.low) / 2, half, 0.08 * half);
  EXPECT_NEAR((single.high + single.low) / 2, mean, 0.1 * half);
  const Interval blocks = interval_of(x, 10);
  EXPECT_NEAR((blocks.high - blocks.low) / 2, half, 0.25 * half);
}

TEST(Bootstrap, BlocksSeeThePersistenceThatSingleTimesMiss) {
  // AR(1), a = 0.8: the variance of the mean is (1 + a) / (1 - a) = 9 times that of independent
  // values.
  const CounterRandom random(15, Stream::test);
  std::vector<double> x(6000);
  random.fill_normal(std::span<double>(x), 1);
  for (std::size_t t = 1; t < x.size(); ++t) x[t] = 0.8 * x[t - 1] + 0.6 * x[t];
  const Interval single = interval_of(x, 1, 1000), blocks = interval_of(x, 100, 1000);
  EXPECT_NEAR((blocks.high - blocks.low) / (single.high - single.low), 3.0, 0.6);
}

TEST(Bootstrap, IntervalCoversTheTruthAsOftenAsItSays) {
  const CounterRandom random(16, Stream::test);
  int covered = 0;
  for (std::uint32_t k = 0; k < 400; ++k) {
    std::vector<double> x(80);
    random.fill_normal(std::span<double>(x), k);
    const Interval interval = interval_of(x, 1, 300);
    covered += interval.low <= 0 && 0 <= interval.high ? 1 : 0;
  }
  EXPECT_NEAR(covered / 400.0, 0.94, 0.04);
}

TEST(Bootstrap, TooFewBlocksGiveNoInterval) {
  const std::vector<double> x(49, 1.0);
  EXPECT_TRUE(std::isnan(interval_of(x, 10).low));
  EXPECT_DOUBLE_EQ(interval_of(x, 10).estimate, 1);
  EXPECT_DOUBLE_EQ(interval_of(x, 9).low, 1);
  EXPECT_TRUE(std::isnan(interval_of(x, 9, 0).high));
}

SampleAxis axis_of(const std::vector<Date>& dates) {
  SampleAxis axis;
  for (const Date& date : dates) axis.samples.push_back({0, date});
  return axis;
}

TEST(BlockSteps, DaysOverTheMedianStep) {
  const SampleAxis daily = axis_of({{2000, 1, 1}, {2000, 1, 2}, {2000, 1, 3}, {2000, 3, 1}}),
                   monthly = axis_of({{2000, 1, 16}, {2000, 2, 15}, {2000, 3, 16}}),
                   hours = axis_of({{2000, 1, 1, 0}, {2000, 1, 1, 21600}, {2000, 1, 1, 43200}});
  EXPECT_EQ(block_steps(daily, 30), 30);
  EXPECT_EQ(block_steps(monthly, 30), 1);
  EXPECT_EQ(block_steps(monthly, 90), 3);
  EXPECT_EQ(block_steps(monthly, 5), 1);
  EXPECT_EQ(block_steps(hours, 30), 120);
  EXPECT_EQ(block_steps(axis_of({{2000, 1, 1}}), 30), 1);
  // A month is no block of months; hours are not told of, as their intervals may well be days.
  EXPECT_TRUE(blocks_are_single_steps(monthly, 30));
  EXPECT_FALSE(blocks_are_single_steps(monthly, 91));
  EXPECT_TRUE(blocks_are_single_steps(daily, 1));
  EXPECT_FALSE(blocks_are_single_steps(daily, 30));
  EXPECT_FALSE(blocks_are_single_steps(hours, 0.25));
  EXPECT_FALSE(blocks_are_single_steps(axis_of({{2000, 1, 1}}), 30));
}

TEST(PairedDifferences, OfKnownErrors) {
  // Errors of 0.3 and 0.5 K with a sign that changes: RMSE differs by -0.2 at every time and in
  // every resample; a copy of the first differs by nothing at all.
  const Mesh grid = Mesh::rectilinear({0, 1}, {10, 11});
  ScoreAccumulator scores(grid, std::vector<unsigned char>(4, 1), {{"a", ""}, {"b", ""}, {"copy", ""}}, 40,
                          1.0);
  const CounterRandom random(4, Stream::test);
  for (long t = 0; t < 40; ++t) {
    std::vector<float> truth(4), a, b;
    random.fill_normal(std::span<float>(truth), static_cast<std::uint32_t>(t));
    for (std::size_t i = 0; i < 4; ++i) {
      const float sign = (t + static_cast<long>(i)) % 2 ? 1.0f : -1.0f;
      a.push_back(truth[i] + 0.3f * sign);
      b.push_back(truth[i] + 0.5f * sign);
    }
    const Forecast forecasts[] = {{a, {}, {}}, {b, {}, {}}, {a, {}, {}}};
    scores.add(t, forecasts, truth, {});
  }
  scores.reduce(Communicator::self());
  const auto differences = paired_differences(scores, {200, 4, 1, 0.95});
  ASSERT_EQ(differences.size(), 2u);
  for (const Interval& x : {differences[0].rmse, differences[0].crps}) {
    EXPECT_NEAR(x.estimate, -0.2, 1e-6);
    EXPECT_NEAR(x.low, -0.2, 1e-6);
    EXPECT_NEAR(x.high, -0.2, 1e-6);
  }
  EXPECT_EQ(differences[1].rmse.low, 0);
  EXPECT_EQ(differences[1].crps.high, 0);
  EXPECT_NEAR(differences[0].rmse.estimate, scores.total(0).rmse - scores.total(1).rmse, 1e-12);
}

TEST(ParseCompared, NamesAndPaths) {
  EXPECT_EQ(parse_compared("ridge=runs/a/product.nc").name, "ridge");
  EXPECT_EQ(parse_compared("ridge=runs/a/product.nc").path, "runs/a/product.nc");
  EXPECT_EQ(parse_compared("runs/my-run/product.nc").name, "my_run");
  EXPECT_EQ(parse_compared("runs/my-run/base.v2.nc").name, "base_v2");
  EXPECT_EQ(parse_compared("product.nc").name, "product");
  EXPECT_EQ(parse_compared("a-b=c.nc").path, "a-b=c.nc");  // no word before '=': all of it is the path
  EXPECT_THROW(parse_compared("ridge="), Error);
  EXPECT_NO_THROW(require_distinct({{"a", "x"}, {"b", "y"}}, {"podscale"}));
  EXPECT_THROW(require_distinct({{"a", "x"}, {"a", "y"}}, {"podscale"}), Error);
  EXPECT_THROW(require_distinct({{"podscale", "x"}}, {"podscale"}), Error);
}

}  // namespace
}  // namespace podscale
