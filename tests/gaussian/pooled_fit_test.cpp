// The pooled base of images against planes whose answer is known, against sums over windows written out
// here, and against itself turned and scaled.
#include "podscale/gaussian/pooled_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/mesh/turn.hpp"

using namespace podscale;

namespace {

constexpr WindowShape kShape{.patch = 4, .factor = 2, .halo = 1};  // 4 x 4 cells, 4 x 4 points
constexpr idx_t kSide = 11;                                        // LR cells of an image

idx_t inside(idx_t i, idx_t n) {
  return i < 0 ? -1 - i : i >= n ? 2 * n - 1 - i : i;
}

/// Linear interpolation to twice as many points, mirrored at the edges.
Plane interpolated(const Plane& lr) {
  Plane hr{2 * lr.ny, 2 * lr.nx, {}};
  for (idx_t y = 0; y < hr.ny; ++y)
    for (idx_t x = 0; x < hr.nx; ++x) {
      const idx_t y0 = y / 2, x0 = x / 2, y1 = inside(y % 2 ? y0 + 1 : y0 - 1, lr.ny),
                  x1 = inside(x % 2 ? x0 + 1 : x0 - 1, lr.nx);
      const auto at = [&](idx_t r, idx_t c) { return static_cast<double>(lr.values[r * lr.nx + c]); };
      hr.values.push_back(
          static_cast<float>((9 * at(y0, x0) + 3 * at(y1, x0) + 3 * at(y0, x1) + at(y1, x1)) / 16));
    }
  return hr;
}

/// noise: what HR has beside the interpolation, times the local contrast of LR.
PlanePair image(idx_t number, double noise, idx_t side = kSide) {
  PlanePair pair{{}, {side, side + 2, {}}, 255};
  const CounterRandom random(5, Stream::test);
  std::vector<float> draws(static_cast<std::size_t>(side * (side + 2)));
  random.fill_normal(std::span(draws), static_cast<std::uint32_t>(number));
  for (idx_t i = 0; i < std::ssize(draws); ++i)  // from flat to rough, from left to right
    pair.lr.values.push_back(100.0F + 40.0F * draws[i] * static_cast<float>(i % (side + 2)) /
                                          static_cast<float>(side));
  pair.hr = interpolated(pair.lr);
  std::vector<float> errors(pair.hr.values.size());
  random.fill_normal(std::span(errors), static_cast<std::uint32_t>(number), 1);
  for (idx_t i = 0; i < std::ssize(errors); ++i)
    pair.hr.values[i] += static_cast<float>(noise) * errors[i] * static_cast<float>(i % pair.hr.nx);
  return pair;
}

PlaneSeries series(idx_t first, idx_t size, double noise) {
  return {size, [=](idx_t i) { return image(first + i, noise); }};
}

PooledBase fitted(const Communicator& comm, double noise, int modes = 0, int classes = 4) {
  return fit_pooled_base(comm, series(0, 5, noise), series(5, 2, noise),
                         {kShape, modes, classes, {1e-8, 1e-4}});
}

std::vector<std::array<idx_t, 2>> all_corners(const Plane& lr) {
  std::vector<std::array<idx_t, 2>> corners;
  for (idx_t r = 0; r + 2 <= lr.ny; ++r)
    for (idx_t c = 0; c + 2 <= lr.nx; ++c) corners.push_back({r, c});
  return corners;
}

/// What HR is less the forecast, over the scale, [windows][points].
std::vector<double> residuals(const PooledBase& base, const PlanePair& pair) {
  const auto corners = all_corners(pair.lr);
  const WindowBatch windows = cut_windows(pair.lr, kShape, corners, pair.range);
  const PooledForecast forecast = base.forecast(windows, pair.range);
  std::vector<double> result;
  for (std::size_t w = 0; w < corners.size(); ++w)
    for (idx_t i = 0; i < 16; ++i) {
      const idx_t at = (corners[w][0] * 2 + i / 4) * pair.hr.nx + corners[w][1] * 2 + i % 4;
      result.push_back((static_cast<double>(pair.hr.values[at]) - forecast.mean[w * 16 + i]) /
                       forecast.scale[w]);
    }
  return result;
}

TEST(PooledFit, FindsTheFilterThatMadeTheImages) {
  const PooledBase base = fitted(Communicator::self(), 0);
  const PlanePair unseen = image(9, 0);
  for (const double r : residuals(base, unseen)) {
    ASSERT_LT(std::abs(r * base.contrast_scale.front()), 0.02);  // of the contrast
  }
  EXPECT_LT(base.contrast_scale.back(), 2e-3);
}

TEST(PooledFit, SolvesTheNormalEquationsOfTheWindows) {
  const PlanePair pair = image(1, 0.3);
  PooledMoments moments(kShape);
  moments.add(pair);
  const double penalty = 1e-3;
  const std::vector<double> b = moments.regression(penalty);
  // Written out: X^T (Y - X B) = lambda B, and the squared error.
  const auto corners = all_corners(pair.lr);
  const WindowBatch windows = cut_windows(pair.lr, kShape, corners, 255);
  EXPECT_EQ(moments.windows(), static_cast<double>(corners.size()));
  std::vector<double> gradient(16 * 16, 0.0);
  double squares = 0, error = 0;
  for (std::size_t w = 0; w < corners.size(); ++w) {
    double x[16];
    for (idx_t j = 0; j < 16; ++j) {
      x[j] = static_cast<double>(windows.cells[w * 16 + j]) * windows.contrast[w] / 255;
      squares += x[j] * x[j];
    }
    for (idx_t p = 0; p < 16; ++p) {
      const idx_t at = (corners[w][0] * 2 + p / 4) * pair.hr.nx + corners[w][1] * 2 + p % 4;
      double left = (static_cast<double>(pair.hr.values[at]) - windows.mean[w]) / 255;
      for (idx_t j = 0; j < 16; ++j) left -= b[p * 16 + j] * x[j];
      error += left * left;
      for (idx_t j = 0; j < 16; ++j) gradient[p * 16 + j] += left * x[j];
    }
  }
  for (std::size_t i = 0; i < b.size(); ++i)
    EXPECT_NEAR(gradient[i], penalty * squares / 16 * b[i], 1e-6 * squares);
  EXPECT_NEAR(moments.squared_error(b), error, 1e-6 * error);
}

TEST(PooledFit, ForecastsTurnWithTheImageAndScaleWithItsValues) {
  const PooledBase base = fitted(Communicator::self(), 0.3);
  const PlanePair pair = image(9, 0.3);
  const std::vector<std::array<idx_t, 2>> corner{{3, 5}};
  const WindowBatch window = cut_windows(pair.lr, kShape, corner, 255);
  const PooledForecast forecast = base.forecast(window, 255);
  for (int turn = 0; turn < square_turns; ++turn) {
    WindowBatch turned = window;
    const auto cells = turned_square(4, turn), points = turned_square(4, turn);
    for (idx_t i = 0; i < 16; ++i) turned.cells[i] = window.cells[cells[i]];
    const PooledForecast other = base.forecast(turned, 255);
    for (idx_t i = 0; i < 16; ++i) EXPECT_NEAR(other.mean[i], forecast.mean[points[i]], 2e-4) << turn;
  }
  Plane scaled = pair.lr;
  for (float& x : scaled.values) x = 3 * x - 50;
  const PooledForecast other = base.forecast(cut_windows(scaled, kShape, corner, 3 * 255), 3 * 255);
  for (idx_t i = 0; i < 16; ++i) EXPECT_NEAR(other.mean[i], 3 * forecast.mean[i] - 50, 2e-3);
  EXPECT_NEAR(other.scale[0], 3 * forecast.scale[0], 1e-4 * forecast.scale[0]);
}

TEST(PooledFit, ResidualsOfTheTrainingImagesHaveTheCovarianceOfTheModel) {
  const PooledBase base = fitted(Communicator::self(), 0.3);
  ASSERT_EQ(base.contrast_scale.size(), 4U);
  EXPECT_GT(base.contrast_scale[3], 0);
  std::vector<double> covariance(16 * 16, 0.0);
  double count = 0;
  for (idx_t n = 0; n < 5; ++n) {
    const std::vector<double> r = residuals(base, image(n, 0.3));
    for (std::size_t w = 0; w < r.size() / 16; ++w)
      for (int turn = 0; turn < square_turns; ++turn) {
        const auto at = turned_square(4, turn);
        for (idx_t i = 0; i < 16; ++i)
          for (idx_t j = 0; j < 16; ++j) covariance[i * 16 + j] += r[w * 16 + at[i]] * r[w * 16 + at[j]];
        count += 1;
      }
  }
  const std::vector<double> columns = base.factor();
  double trace = 0;
  for (idx_t i = 0; i < 16; ++i)
    for (idx_t j = 0; j < 16; ++j) {
      double model = 0;
      for (idx_t k = 0; k < 16; ++k) model += columns[k * 16 + i] * columns[k * 16 + j];
      EXPECT_NEAR(model, covariance[i * 16 + j] / count, 1e-4) << i << " " << j;
      if (i == j) trace += model;
    }
  EXPECT_NEAR(trace, 16, 1e-3);  // s is the root mean square of the residual in every class
}

TEST(PooledFit, WhatModesLeaveOutIsInTheVarianceOfPoints) {
  const PooledBase all = fitted(Communicator::self(), 0.3), some = fitted(Communicator::self(), 0.3, 5);
  ASSERT_EQ(some.kept_modes(), 5);
  const auto a = all.point_variance(), b = some.point_variance();
  double left_out = 0;
  for (idx_t i = 0; i < 16; ++i) {
    EXPECT_NEAR(a[i], b[i], 1e-9);
    EXPECT_EQ(all.truncation[i], 0);
    left_out += some.truncation[i];
  }
  EXPECT_GT(left_out, 0.1);
}

TEST(PooledFit, OneClassOfContrastIsConstantVariance) {
  const PooledBase base = fitted(Communicator::self(), 0.3, 0, 1);
  const PlanePair pair = image(9, 0.3);
  const auto forecast = base.forecast(cut_windows(pair.lr, kShape, all_corners(pair.lr), 255), 255);
  for (const float s : forecast.scale) EXPECT_EQ(s, forecast.scale.front());
}

TEST(PooledFit, IsTheSameBitsAtAnyNumberOfRanks) {
  const Communicator all = Communicator::duplicate(MPI_COMM_WORLD);
  const PooledBase together = fitted(all, 0.3), alone = fitted(Communicator::self(), 0.3);
  EXPECT_EQ(together.regression, alone.regression);
  EXPECT_EQ(together.modes, alone.modes);
  EXPECT_EQ(together.root, alone.root);
  EXPECT_EQ(together.contrast_scale, alone.contrast_scale);
}

TEST(PooledFit, RefusesImagesThatAreNoneOrSmallerThanAPatch) {
  const Communicator all = Communicator::duplicate(MPI_COMM_WORLD);
  const auto fit = [&](idx_t size, idx_t side) {
    fit_pooled_base(all, {size, [=](idx_t i) { return image(i, 0.1, side); }}, series(5, 2, 0.1), {kShape});
  };
  EXPECT_THROW(fit(0, kSide), Error);
  EXPECT_THROW(fit(3, 1), Error);
}

TEST(CutWindows, MirrorCellsAtTheEdgesHoweverSmallTheImage) {
  const Plane lr{1, 2, {10, 20}};
  const std::vector<std::array<idx_t, 2>> corner{{0, 0}};
  const WindowBatch window = cut_windows(lr, kShape, corner, 255);
  const float expected[] = {10, 10, 20, 20};  // columns -1, 0, 1, 2
  EXPECT_EQ(window.mean[0], 15);
  EXPECT_EQ(window.contrast[0], 5);
  for (idx_t i = 0; i < 16; ++i) EXPECT_EQ(window.cells[i] * 5 + 15, expected[i % 4]) << i;
}

TEST(CutWindows, ConstantWindowsHaveAContrastAboveZero) {
  const std::vector<std::array<idx_t, 2>> corner{{0, 0}};
  const WindowBatch window = cut_windows({2, 2, {7, 7, 7, 7}}, kShape, corner, 255);
  EXPECT_EQ(window.mean[0], 7);
  EXPECT_FLOAT_EQ(window.contrast[0], static_cast<float>(contrast_floor * 255));
  for (const float x : window.cells) EXPECT_EQ(x, 0);
}

}  // namespace
