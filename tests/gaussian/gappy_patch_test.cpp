#include "podscale/gaussian/gappy_patch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "podscale/core/lapack.hpp"
#include "podscale/core/random.hpp"

namespace podscale {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
const CounterRandom kRandom(7, Stream::test);

using Matrix = std::vector<std::vector<double>>;

/// Gauss-Jordan, for matrices that are too small to go wrong.
Matrix inverse(Matrix a) {
  const std::size_t n = a.size();
  Matrix b(n, std::vector<double>(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) b[i][i] = 1;
  for (std::size_t i = 0; i < n; ++i) {
    const double pivot = a[i][i];
    for (std::size_t j = 0; j < n; ++j) a[i][j] /= pivot, b[i][j] /= pivot;
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double factor = a[r][i];
      for (std::size_t j = 0; j < n; ++j) a[r][j] -= factor * a[i][j], b[r][j] -= factor * b[i][j];
    }
  }
  return b;
}

PatchGaussian some_gaussian(int values, int factors) {
  PatchGaussian g{values, factors, std::vector<double>(static_cast<std::size_t>(values * factors)), {}};
  kRandom.fill_normal(std::span<double>(g.psi), 1);
  for (int i = 0; i < values; ++i) g.noise.push_back(0.05 + 0.02 * i);
  return g;
}

Matrix covariance_of(const PatchGaussian& g) {
  const std::size_t d = static_cast<std::size_t>(g.values);
  Matrix s(d, std::vector<double>(d, 0.0));
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j) {
      for (std::size_t k = 0; k < static_cast<std::size_t>(g.factors); ++k)
        s[i][j] += g.psi[k * d + i] * g.psi[k * d + j];
      if (i == j) s[i][j] += g.noise[i];
    }
  return s;
}

// S_mo S_oo^-1 x_o and S_mm - S_mo S_oo^-1 S_om, with the inverse of the whole block of what is
// seen.
TEST(ConditionalPatch, IsTheTextbookFormula) {
  const PatchGaussian g = some_gaussian(6, 3);
  const Matrix s = covariance_of(g);
  const std::vector<std::size_t> seen{0, 2, 5}, missing{1, 3, 4};
  std::vector<double> x{0.7, kNone, -1.2, kNone, kNone, 0.4};
  Matrix block(3, std::vector<double>(3));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) block[i][j] = s[seen[i]][seen[j]];
  const Matrix inverted = inverse(block);
  const auto gain = [&](std::size_t m, std::size_t j) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += s[m][seen[i]] * inverted[i][j];
    return sum;
  };
  std::vector<double> covariance(36, 0.0), filled = x;
  ConditionalPatch patch(g);
  EXPECT_EQ(patch.fill(filled, covariance), 3);
  for (const std::size_t i : seen) EXPECT_EQ(filled[i], x[i]);
  for (const std::size_t m : missing) {
    double mean = 0;
    for (std::size_t j = 0; j < 3; ++j) mean += gain(m, j) * x[seen[j]];
    EXPECT_NEAR(filled[m], mean, 1e-12);
    for (const std::size_t other : missing) {
      if (other < m) continue;  // the lower triangle
      double expected = s[other][m];
      for (std::size_t j = 0; j < 3; ++j) expected -= gain(m, j) * s[seen[j]][other];
      EXPECT_NEAR(covariance[m * 6 + other], expected, 1e-12);
    }
  }
  for (const std::size_t i : seen)
    for (std::size_t j = 0; j < 6; ++j) EXPECT_EQ(covariance[i * 6 + j], 0);
}

TEST(ConditionalPatch, WithNothingSeenIsTheGaussianItself) {
  const PatchGaussian g = some_gaussian(4, 2);
  const Matrix s = covariance_of(g);
  std::vector<double> x(4, kNone), covariance(16, 0.0);
  EXPECT_EQ(ConditionalPatch(g).fill(x, covariance), 4);
  for (std::size_t j = 0; j < 4; ++j) {
    EXPECT_EQ(x[j], 0);
    for (std::size_t i = j; i < 4; ++i) EXPECT_NEAR(covariance[j * 4 + i], s[i][j], 1e-12);
  }
}

TEST(ConditionalPatch, LeavesACompleteOneAlone) {
  const PatchGaussian g = some_gaussian(3, 2);
  std::vector<double> x{1, 2, 3}, covariance(9, 0.0), drawn(3), normal(5, 9.0);
  EXPECT_EQ(ConditionalPatch(g).fill(x, covariance, normal, drawn), 0);
  EXPECT_EQ(x, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(drawn, x);
  EXPECT_EQ(covariance, std::vector<double>(9, 0.0));
}

TEST(ConditionalPatch, DrawsHaveItsMeanAndCovariance) {
  const PatchGaussian g = some_gaussian(5, 2);
  const std::vector<double> x{kNone, 0.3, kNone, -0.8, kNone};
  ConditionalPatch patch(g);
  std::vector<double> mean = x, covariance(25, 0.0), normal(7), drawn(5), first(5, 0.0), second(25, 0.0);
  patch.fill(mean, covariance);
  constexpr std::uint32_t kDraws = 40000;
  for (std::uint32_t n = 0; n < kDraws; ++n) {
    std::vector<double> again = x;
    kRandom.fill_normal(std::span<double>(normal), 2, n);
    patch.fill(again, {}, normal, drawn);
    EXPECT_EQ(again, mean);
    for (std::size_t j = 0; j < 5; ++j) {
      first[j] += drawn[j] / kDraws;
      for (std::size_t i = j; i < 5; ++i)
        second[j * 5 + i] += (drawn[i] - mean[i]) * (drawn[j] - mean[j]) / kDraws;
    }
  }
  for (std::size_t j = 0; j < 5; ++j) {
    EXPECT_NEAR(first[j], mean[j], 0.03);
    for (std::size_t i = j; i < 5; ++i) EXPECT_NEAR(second[j * 5 + i], covariance[j * 5 + i], 0.05);
  }
}

/// x = D c + e, e of a covariance of two long waves and noise; blocks of values hidden at a time.
struct Synthetic {
  static constexpr std::size_t d = 12, s = 2;
  explicit Synthetic(long times, double hidden) {
    series.times = times, series.values = d, series.slots = s;
    covariance.assign(d * d, 0.0);
    regression.resize(d * s);
    for (std::size_t i = 0; i < d; ++i) {
      const double at = static_cast<double>(i) / d;
      wave[0].push_back(1.0), wave[1].push_back(0.7 * std::cos(6 * at));
      regression[i] = 0.5 + at, regression[d + i] = std::sin(6 * at);
    }
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < d; ++j)
        covariance[j * d + i] = wave[0][i] * wave[0][j] + wave[1][i] * wave[1][j] + (i == j ? 0.01 : 0);
    std::vector<double> z(s + 2 + d);
    for (std::uint32_t t = 0; t < times; ++t) {
      kRandom.fill_normal(std::span<double>(z), 3, t);
      for (std::size_t k = 0; k < s; ++k) series.predictor.push_back(static_cast<float>(z[k]));
      const double from = kRandom.uniform(4, t) * 2 * d - d,
                   width = 2 * hidden * d;  // a cloud that is often cut off at the ends
      for (std::size_t i = 0; i < d; ++i) {
        double x = regression[i] * z[0] + regression[d + i] * z[1] + wave[0][i] * z[s] +
                   wave[1][i] * z[s + 1] + 0.1 * z[s + 2 + i];
        complete.push_back(static_cast<float>(x));
        const double at = static_cast<double>(i);
        const bool under = hidden > 0 && at >= from && at < from + width;
        series.target.push_back(under ? std::numeric_limits<float>::quiet_NaN() : complete.back());
      }
    }
  }
  GappySeries series;
  std::vector<float> complete;
  std::vector<double> wave[2], regression, covariance;
};

/// Relative, Frobenius.
double distance(const std::vector<double>& found, const std::vector<double>& from) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < from.size(); ++i)
    difference += std::pow(found[i] - from[i], 2), norm += from[i] * from[i];
  return std::sqrt(difference / norm);
}

GappyOptions options_for(const Synthetic& data) {
  GappyOptions options{4, std::vector<double>(static_cast<std::size_t>(data.series.slots), 1.0)};
  options.penalty = 1e-9;
  options.tolerance = 1e-4;
  options.passes = 300;
  return options;
}

/// Eigenvalues all positive: a Cholesky factor exists.
bool positive(std::vector<double> matrix, int d) {
  int info = 0;
  dpotrf_("L", &d, matrix.data(), &d, &info);
  return info == 0;
}

TEST(FitGappy, FindsTheCovarianceBehindClouds) {
  const Synthetic data(4000, 0.5);
  double hidden = 0;
  for (const float x : data.series.target) hidden += std::isnan(x) ? 1.0 / static_cast<double>(data.complete.size()) : 0;
  EXPECT_GT(hidden, 0.3);
  const GappyFit fit = fit_gappy(data.series, options_for(data));
  EXPECT_TRUE(positive(fit.covariance, Synthetic::d));
  // What a gap filled with 0 gives (the regression of what is there is left out: it has no error
  // here).
  std::vector<double> zero(Synthetic::d * Synthetic::d, 0.0), truth(zero);
  for (std::size_t t = 0; t < 4000; ++t)
    for (std::size_t j = 0; j < Synthetic::d; ++j)
      for (std::size_t i = 0; i < Synthetic::d; ++i) {
        const auto residual = [&](std::size_t value, bool seen_alone) {
          const std::size_t at = t * Synthetic::d + value;
          if (seen_alone && std::isnan(data.series.target[at])) return 0.0;
          return static_cast<double>(data.complete[at]) -
                 data.regression[value] * static_cast<double>(data.series.predictor[2 * t]) -
                 data.regression[Synthetic::d + value] * static_cast<double>(data.series.predictor[2 * t + 1]);
        };
        zero[j * Synthetic::d + i] += residual(i, true) * residual(j, true) / 4000;
        truth[j * Synthetic::d + i] += residual(i, false) * residual(j, false) / 4000;
      }
  // Of the covariance of the complete sample, which chance keeps from the true one.
  EXPECT_LT(distance(fit.covariance, truth), 0.05);
  EXPECT_GT(distance(zero, truth), 0.3);
  EXPECT_LT(distance(fit.covariance, data.covariance), 0.15);
  for (std::size_t i = 0; i < data.regression.size(); ++i)
    EXPECT_NEAR(fit.regression[i], data.regression[i], 0.07) << i;
}

// With all values there, one pass is least squares and the sample covariance.
TEST(FitGappy, WithoutGapsIsLeastSquares) {
  const Synthetic data(300, 0);
  const GappyFit fit = fit_gappy(data.series, options_for(data));
  EXPECT_LE(fit.passes, 2);
  EXPECT_LT(fit.change, 1e-12);
  Matrix normal(2, std::vector<double>(2, 0.0));
  std::vector<std::vector<double>> right(2, std::vector<double>(Synthetic::d, 0.0));
  for (std::size_t t = 0; t < 300; ++t)
    for (std::size_t k = 0; k < 2; ++k) {
      const double c = static_cast<double>(data.series.predictor[2 * t + k]);
      for (std::size_t l = 0; l < 2; ++l)
        normal[k][l] += c * static_cast<double>(data.series.predictor[2 * t + l]);
      for (std::size_t i = 0; i < Synthetic::d; ++i)
        right[k][i] += c * static_cast<double>(data.complete[t * Synthetic::d + i]);
    }
  const Matrix inverted = inverse(normal);
  for (std::size_t i = 0; i < Synthetic::d; ++i)
    for (std::size_t k = 0; k < 2; ++k)
      EXPECT_NEAR(fit.regression[k * Synthetic::d + i], inverted[k][0] * right[0][i] + inverted[k][1] * right[1][i],
                  1e-7);
  double variance = 0;
  for (std::size_t t = 0; t < 300; ++t) {
    double residual = static_cast<double>(data.complete[t * Synthetic::d + 5]);
    for (std::size_t k = 0; k < 2; ++k)
      residual -= fit.regression[k * Synthetic::d + 5] * static_cast<double>(data.series.predictor[2 * t + k]);
    variance += residual * residual / 300;
  }
  EXPECT_NEAR(fit.covariance[5 * Synthetic::d + 5], variance, 1e-7);
  // The model keeps the variance of every value: what the factors leave is noise.
  double modelled = fit.gaussian.noise[5];
  for (int k = 0; k < fit.gaussian.factors; ++k)
    modelled += std::pow(fit.gaussian.psi[static_cast<std::size_t>(k) * Synthetic::d + 5], 2);
  EXPECT_NEAR(modelled, variance, 1e-5);
}

// What relates two halves that are never seen together is anybody's guess, but not their variance.
TEST(FitGappy, HalvesThatNeverMeetKeepTheirVariance) {
  Synthetic data(2000, 0);
  for (std::size_t t = 0; t < 2000; ++t)
    for (std::size_t i = 0; i < Synthetic::d; ++i)
      if ((t % 2 == 0) == (i < Synthetic::d / 2))
        data.series.target[t * Synthetic::d + i] = std::numeric_limits<float>::quiet_NaN();
  const GappyFit fit = fit_gappy(data.series, options_for(data));
  EXPECT_TRUE(positive(fit.covariance, Synthetic::d));
  for (const std::size_t pair : {0, 1, 13, 131, 142, 143})  // (0, 0), (1, 0), (1, 1), (11, 10) ...
    EXPECT_NEAR(fit.covariance[pair], data.covariance[pair], 0.15) << pair;
}

}  // namespace
}  // namespace podscale
