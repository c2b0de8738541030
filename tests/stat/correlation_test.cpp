// Correlation of series with memory, against closed forms and many draws.
#include "podscale/stat/correlation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace podscale {
namespace {

std::vector<double> ar1(std::mt19937& random, std::size_t n, double persistence) {
  std::normal_distribution<double> normal;
  std::vector<double> x{normal(random)};
  while (x.size() < n)
    x.push_back(persistence * x.back() + std::sqrt(1 - persistence * persistence) * normal(random));
  return x;
}

TEST(Correlation, OfKnownSeries) {
  const std::vector<double> a{1, 2, 3, 4, 5, 9}, b{2, 4, 6, 8, 10, 18}, c{-1, -2, -3, -4, -5, -9};
  EXPECT_NEAR(correlation(a, b).r, 1, 1e-12);
  EXPECT_NEAR(correlation(a, c).r, -1, 1e-12);
  EXPECT_EQ(correlation(a, std::vector<double>(6, 7.0)).samples, 0);  // nothing varies
  const Correlation few{0.9, 4};
  EXPECT_FALSE(few.above_zero(0.6));
  EXPECT_EQ(few.upper(0.95), 1);
  // Fisher: z = atanh(0.5) = 0.549, standard error 1/5: 2.75 of them.
  const Correlation some{0.5, 28};
  EXPECT_TRUE(some.above_zero(0.99));
  EXPECT_FALSE(some.above_zero(0.999));
  EXPECT_NEAR(some.upper(0.975), std::tanh(0.549306 + 1.959964 / 5), 1e-5);
}

TEST(Correlation, CountsIndependentPairsAsTheSpreadOfManyDrawsDoes) {
  std::mt19937 random(1);
  for (const double persistence : {0.0, 0.6, 0.9}) {
    const std::size_t n = 1500, draws = 150;
    double squares = 0, samples = 0;
    for (std::size_t i = 0; i < draws; ++i) {
      const auto found = correlation(ar1(random, n, persistence), ar1(random, n, persistence));
      squares += found.r * found.r, samples += found.samples;
    }
    // The variance of r of unrelated series is one over the number of independent pairs.
    const double expected = static_cast<double>(draws) / squares, closed = static_cast<double>(n) *
                                                                           (1 - persistence * persistence) /
                                                                           (1 + persistence * persistence);
    EXPECT_NEAR(expected / closed, 1, 0.35) << persistence;
    EXPECT_NEAR(samples / static_cast<double>(draws) / closed, 1, 0.25) << persistence;
  }
}

TEST(Correlation, InnovationsHaveNoMemory) {
  std::mt19937 random(2);
  const auto x = ar1(random, 4000, 0.9), e = innovations(x);
  ASSERT_EQ(e.size(), x.size() - 1);
  double one = 0, all = 0;
  for (std::size_t t = 1; t < e.size(); ++t) one += e[t] * e[t - 1], all += e[t] * e[t];
  EXPECT_NEAR(one / all, 0, 0.06);
  EXPECT_NEAR(all / static_cast<double>(e.size()), 1 - 0.81, 0.02);
}

TEST(Correlation, AFitIsTakenOff) {
  std::vector<double> columns, series;
  for (int t = 0; t < 40; ++t) {
    // The third column repeats the other two.
    columns.insert(columns.end(), {1.0, 0.5 * t, 3.0 + t, std::cos(0.3 * t)});
    series.push_back(2 - 0.7 * t + 1.5 * std::cos(0.3 * t) + (t == 11 ? 1 : 0));
  }
  auto left = series;
  remove_fit(left, columns, 4);
  for (std::size_t c = 0; c < 4; ++c) {
    double along = 0;
    for (std::size_t t = 0; t < 40; ++t) along += left[t] * columns[4 * t + c];
    EXPECT_NEAR(along, 0, 1e-10);
  }
  EXPECT_GT(left[11], 0.8);
}

}  // namespace
}  // namespace podscale
