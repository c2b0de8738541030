// Against normal equations written out and solved by Gaussian elimination here.
#include "podscale/gaussian/ridge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

constexpr int kSlots = 6, kModes = 3;
constexpr long kTimes = 80;
constexpr int kDead = 4;  // a predictor that is always 0: land

struct Draw {
  std::vector<float> c, a;  // [times][slots], [times][modes]
};

/// noise = 0: a is exactly linear in c.
Draw sample(double noise) {
  Draw s;
  std::vector<double> b(kSlots * kModes), row(kSlots), error(kModes);
  const CounterRandom random(21, Stream::test);
  random.fill_normal(std::span(b), 0);
  for (long t = 0; t < kTimes; ++t) {
    random.fill_normal(std::span(row), static_cast<std::uint32_t>(t), 1);
    random.fill_normal(std::span(error), static_cast<std::uint32_t>(t), 2);
    row[kDead] = 0;
    row[1] = 0.8 * row[0] + 0.3 * row[1];  // correlated, as neighbouring cells are
    row[2] *= 3;
    for (int i = 0; i < kSlots; ++i) s.c.push_back(static_cast<float>(row[i]));
    for (int k = 0; k < kModes; ++k) {
      double value = noise * error[k];
      for (int i = 0; i < kSlots; ++i)
        value += b[k * kSlots + i] * static_cast<double>(s.c[s.c.size() - kSlots + i]);
      s.a.push_back(static_cast<float>(value));
    }
  }
  return s;
}

std::vector<double> truth() {
  std::vector<double> b(kSlots * kModes);
  CounterRandom(21, Stream::test).fill_normal(std::span(b), 0);
  return b;
}

RidgeFit fit_of(const Draw& s, const std::vector<double>& weights = std::vector<double>(kSlots, 1.0)) {
  RidgeFit fit(weights, kModes);
  fit.add(s.c.data(), kSlots, s.a.data(), kModes, kTimes);
  return fit;
}

std::vector<double> solve(std::vector<double> m, std::vector<double> y, int n) {
  for (int i = 0; i < n; ++i) {
    int pivot = i;
    for (int r = i + 1; r < n; ++r)
      if (std::abs(m[r * n + i]) > std::abs(m[pivot * n + i])) pivot = r;
    for (int c = 0; c < n; ++c) std::swap(m[i * n + c], m[pivot * n + c]);
    std::swap(y[i], y[pivot]);
    for (int r = 0; r < n; ++r) {
      if (r == i) continue;
      const double f = m[r * n + i] / m[i * n + i];
      for (int c = i; c < n; ++c) m[r * n + c] -= f * m[i * n + c];
      y[r] -= f * y[i];
    }
  }
  for (int i = 0; i < n; ++i) y[i] /= m[i * n + i];
  return y;
}

/// Ridge without the dead predictor.
std::vector<double> reference(const Draw& s, double penalty, const std::vector<double>& weights) {
  std::vector<int> alive;
  for (int i = 0; i < kSlots; ++i)
    if (i != kDead) alive.push_back(i);
  const int n = static_cast<int>(alive.size());
  std::vector<double> cc(n * n, 0.0), b(kModes * kSlots, 0.0);
  double mean_square = 0;
  for (long t = 0; t < kTimes; ++t)
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j)
        cc[i * n + j] +=
            static_cast<double>(s.c[t * kSlots + alive[i]]) * static_cast<double>(s.c[t * kSlots + alive[j]]);
  for (int i = 0; i < n; ++i) mean_square += cc[i * n + i] / n;
  for (int i = 0; i < n; ++i) cc[i * n + i] += penalty * weights[alive[i]] * mean_square;
  for (int k = 0; k < kModes; ++k) {
    std::vector<double> right(n, 0.0);
    for (long t = 0; t < kTimes; ++t)
      for (int i = 0; i < n; ++i)
        right[i] +=
            static_cast<double>(s.c[t * kSlots + alive[i]]) * static_cast<double>(s.a[t * kModes + k]);
    const auto row = solve(cc, right, n);
    for (int i = 0; i < n; ++i) b[k * kSlots + alive[i]] = row[i];
  }
  return b;
}

double direct_error(const Draw& s, const std::vector<double>& b) {
  double sum = 0;
  for (long t = 0; t < kTimes; ++t)
    for (int k = 0; k < kModes; ++k) {
      double e = static_cast<double>(s.a[t * kModes + k]);
      for (int i = 0; i < kSlots; ++i) e -= b[k * kSlots + i] * static_cast<double>(s.c[t * kSlots + i]);
      sum += e * e;
    }
  return sum;
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << i;
}

}  // namespace

TEST(Ridge, SolvesThePenalisedNormalEquations) {
  const Draw s = sample(0.5);
  const std::vector<double> ones(kSlots, 1.0);
  for (const double penalty : {1e-6, 1e-2, 0.5})
    expect_near(fit_of(s).coefficients(penalty), reference(s, penalty, ones), 1e-10);
}

TEST(Ridge, PenaltyWeightsActOnTheirPredictors) {
  const Draw s = sample(0.5);
  std::vector<double> weights(kSlots, 1.0);
  weights[2] = weights[5] = 16;  // lag_weight 0.25
  const auto heavy = fit_of(s, weights).coefficients(0.1), even = fit_of(s).coefficients(0.1);
  expect_near(heavy, reference(s, 0.1, weights), 1e-10);
  for (int k = 0; k < kModes; ++k)
    EXPECT_LT(std::abs(heavy[k * kSlots + 5]), std::abs(even[k * kSlots + 5])) << k;
}

TEST(Ridge, WithoutPenaltyAnExactRelationIsRecovered) {
  auto expected = truth();
  for (int k = 0; k < kModes; ++k) expected[k * kSlots + kDead] = 0;
  expect_near(fit_of(sample(0)).coefficients(1e-12), expected, 1e-5);  // float32 input
}

TEST(Ridge, LargePenaltyShrinksToNothing) {
  for (const double value : fit_of(sample(0.5)).coefficients(1e9)) EXPECT_NEAR(value, 0, 1e-7);
}

TEST(Ridge, APredictorThatNeverVariesGetsExactlyZero) {
  const RidgeFit fit = fit_of(sample(0.5));
  const auto b = fit.coefficients(1e-3);
  for (int k = 0; k < kModes; ++k) EXPECT_EQ(b[k * kSlots + kDead], 0.0);
  EXPECT_EQ(fit.predictor_scale()[kDead], 0.0);
  // No predictor at all: an all-land neighbourhood.
  RidgeFit none(std::vector<double>(kSlots, 1.0), kModes);
  const std::vector<float> zero(kSlots * kTimes, 0.0f);
  none.add(zero.data(), kSlots, sample(1).a.data(), kModes, kTimes);
  EXPECT_EQ(none.coefficients(1e-3), std::vector<double>(kSlots * kModes, 0.0));
}

TEST(Ridge, LeverageIsTheQuadraticFormOfThePenalisedInverse) {
  const Draw s = sample(0.5);
  std::vector<double> weights(kSlots, 1.0);
  weights[2] = weights[5] = 16;
  std::vector<double> x(kSlots), cc(kSlots * kSlots, 0.0);
  double mean_square = 0;
  for (long t = 0; t < kTimes; ++t)
    for (int i = 0; i < kSlots; ++i)
      for (int j = 0; j < kSlots; ++j)
        cc[i * kSlots + j] +=
            static_cast<double>(s.c[t * kSlots + i]) * static_cast<double>(s.c[t * kSlots + j]);
  for (int i = 0; i < kSlots; ++i) mean_square += cc[i * kSlots + i] / (kSlots - 1);  // one is dead
  for (const double penalty : {1e-6, 1e-2, 3.0}) {
    std::vector<double> matrix = cc;
    for (int i = 0; i < kSlots; ++i) matrix[i * kSlots + i] += penalty * weights[i] * mean_square;
    const auto root = fit_of(s, weights).inverse_root(penalty);
    ASSERT_EQ(root.size(), static_cast<std::size_t>(kSlots * (kSlots + 1) / 2));
    for (const double distance : {0.1, 1.0, 30.0}) {
      CounterRandom(5, Stream::test).fill_normal(std::span(x), 0);
      std::vector<float> given;
      for (double& value : x) given.push_back(static_cast<float>(value *= distance)), value = given.back();
      const auto solved = solve(matrix, x, kSlots);
      double expected = 0;
      for (int i = 0; i < kSlots; ++i) expected += x[i] * solved[i];
      EXPECT_NEAR(leverage(root, given.data()) / expected, 1, 1e-4) << penalty << ", " << distance;
    }
  }
  // No predictor at all.
  RidgeFit none(std::vector<double>(kSlots, 1.0), kModes);
  const std::vector<float> far(kSlots, 50.0f);
  EXPECT_EQ(leverage(none.inverse_root(0.1), far.data()), 0);
}

TEST(Ridge, LeverageIsThePredictiveVarianceByMonteCarlo) {
  // Coefficients as the penalty supposes them beforehand, residuals of unit variance: the error
  // far outside of what was seen has the variance 1 + leverage.
  constexpr int slots = 3, times = 10, draws = 20000;
  constexpr double penalty = 0.2;
  const CounterRandom random(77, Stream::test);
  std::vector<double> c(slots * times);
  random.fill_normal(std::span(c), 1);
  std::vector<float> x(c.begin(), c.end());
  double mean_square = 0;
  for (const float value : x) mean_square += static_cast<double>(value) * static_cast<double>(value) / slots;
  const double prior = 1 / std::sqrt(penalty * mean_square);
  const float near[] = {0.3f, -0.2f, 0.1f}, far[] = {4.0f, -6.0f, 5.0f};
  double errors[2] = {}, expected[2] = {};
  std::vector<double> b(slots), noise(times + 2);
  for (int d = 0; d < draws; ++d) {
    random.fill_normal(std::span(b), 2, static_cast<std::uint32_t>(d));
    random.fill_normal(std::span(noise), 3, static_cast<std::uint32_t>(d));
    const auto mean = [&](const float* at) {
      double sum = 0;
      for (int i = 0; i < slots; ++i) sum += prior * b[i] * static_cast<double>(at[i]);
      return sum;
    };
    std::vector<float> a;
    for (int t = 0; t < times; ++t) a.push_back(static_cast<float>(mean(x.data() + t * slots) + noise[t]));
    RidgeFit fit(std::vector<double>(slots, 1.0), 1);
    fit.add(x.data(), slots, a.data(), 1, times);
    const auto found = fit.coefficients(penalty);
    const auto root = fit.inverse_root(penalty);
    for (int which = 0; which < 2; ++which) {
      const float* at = which == 0 ? near : far;
      double error = mean(at) + noise[times + which];
      for (int i = 0; i < slots; ++i) error -= found[i] * static_cast<double>(at[i]);
      errors[which] += error * error / draws;
      expected[which] = 1 + leverage(root, at);
    }
  }
  EXPECT_GT(expected[1], 4);
  for (int which = 0; which < 2; ++which)
    EXPECT_NEAR(errors[which] / expected[which], 1, 4.5 * std::sqrt(2.0 / draws)) << which;
}

TEST(Ridge, SquaredErrorIsTheDirectSum) {
  const Draw train = sample(0.5);
  Draw check = sample(0.8);
  const auto b = fit_of(train).coefficients(0.01);
  EXPECT_NEAR(fit_of(train).squared_error(b) / direct_error(train, b), 1, 1e-9);
  EXPECT_NEAR(fit_of(check).squared_error(b) / direct_error(check, b), 1, 1e-9);
  EXPECT_NEAR(fit_of(check).squared_error(std::vector<double>(b.size(), 0.0)) /
                  direct_error(check, std::vector<double>(b.size(), 0.0)),
              1, 1e-12);
}

TEST(Ridge, BlocksAndStridesGiveTheSameEquations) {
  const Draw s = sample(0.5);
  constexpr std::size_t wide_c = kSlots + 3, wide_a = kModes + 2;
  std::vector<float> c(wide_c * kTimes, 99.0f), a(wide_a * kTimes, 99.0f);
  for (long t = 0; t < kTimes; ++t) {
    std::copy_n(s.c.begin() + t * kSlots, kSlots, c.begin() + static_cast<long>(t * wide_c));
    std::copy_n(s.a.begin() + t * kModes, kModes, a.begin() + static_cast<long>(t * wide_a));
  }
  RidgeFit fit(std::vector<double>(kSlots, 1.0), kModes);
  for (long t = 0; t < kTimes; t += 33)
    fit.add(c.data() + t * wide_c, wide_c, a.data() + t * wide_a, wide_a, std::min(33l, kTimes - t));
  EXPECT_EQ(fit.times(), kTimes);
  expect_near(fit.coefficients(0.01), fit_of(s).coefficients(0.01), 1e-12);
  expect_near(fit.predictor_scale(), fit_of(s).predictor_scale(), 1e-12);
}

TEST(Ridge, PredictorScaleIsTheRootMeanSquare) {
  const Draw s = sample(0.5);
  const auto scale = fit_of(s).predictor_scale();
  for (int i = 0; i < kSlots; ++i) {
    double sum = 0;
    for (long t = 0; t < kTimes; ++t) sum += std::pow(static_cast<double>(s.c[t * kSlots + i]), 2);
    EXPECT_NEAR(scale[i], std::sqrt(sum / kTimes), 1e-12);
  }
}

TEST(Ridge, SingularEquationsAreTheUsersToMend) {
  // Two equal predictors: a penalty below rounding cannot separate them.
  RidgeFit fit({1, 1}, 1);
  std::vector<float> c, a;
  for (int t = 0; t < 8; ++t) {
    c.insert(c.end(), 2, static_cast<float>(1 << t));
    a.push_back(1);
  }
  fit.add(c.data(), 2, a.data(), 1, 8);
  try {
    fit.coefficients(1e-300);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("base.penalties"), std::string::npos);
  }
}

// The candidates of what a regression shrinks to share their normal equations: coefficients a and
// interpolations P are targets of one pass, and a - share P is the direct fit of the difference.
TEST(Ridge, TargetsOfOnePassAreTheDirectFits) {
  const Draw s = sample(0.5);
  // Multiples of 1/256: their differences are exact in single precision.
  const auto rounded = [](double value) { return static_cast<float>(std::round(256 * value) / 256); };
  std::vector<float> both;
  std::vector<double> drawn(kTimes * kModes);
  CounterRandom(22, Stream::test).fill_normal(std::span(drawn), 0);
  for (std::size_t t = 0; t < kTimes; ++t) {
    for (std::size_t k = 0; k < kModes; ++k) both.push_back(rounded(static_cast<double>(s.a[t * kModes + k])));
    for (std::size_t k = 0; k < kModes; ++k) both.push_back(rounded(drawn[t * kModes + k]));
  }
  const std::vector<double> weights(kSlots, 1.0);
  const std::vector<unsigned char> own{0, 0, 0, 0, 0, 1};
  RidgeFit together(weights, 2 * kModes, own);
  together.add(s.c.data(), kSlots, both.data(), 2 * kModes, 50);
  together.add(s.c.data() + 50 * kSlots, kSlots, both.data() + 50 * 2 * kModes, 2 * kModes, kTimes - 50);
  for (const double share : {0.0, 0.5, 1.0}) {
    std::vector<float> target;
    for (std::size_t t = 0; t < kTimes; ++t)
      for (std::size_t k = 0; k < kModes; ++k) {
        const double difference = static_cast<double>(both[t * 2 * kModes + k]) -
                                  share * static_cast<double>(both[t * 2 * kModes + kModes + k]);
        target.push_back(static_cast<float>(difference));
      }
    RidgeFit direct(weights, kModes, own);
    direct.add(s.c.data(), kSlots, target.data(), kModes, kTimes);
    const RidgeFit found = together.less_second_half(share);
    const auto b = found.coefficients(0.1), expected = direct.coefficients(0.1);
    for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(b[i], expected[i], 1e-10) << share;
    EXPECT_NEAR(found.squared_error(b), direct.squared_error(expected), 1e-8) << share;
    EXPECT_EQ(found.times(), kTimes);
  }
}
