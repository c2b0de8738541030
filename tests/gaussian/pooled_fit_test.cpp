// The pooled base of images against planes whose answer is known, against sums over windows
// written out here, and against itself turned and scaled.
#include "podscale/gaussian/pooled_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/mesh/turn.hpp"
#include "synthetic_images.hpp"

using namespace podscale;
using namespace podscale::test;

namespace {

std::vector<std::array<idx_t, 2>> all_corners(const Plane& lr) {
  std::vector<std::array<idx_t, 2>> corners;
  for (idx_t r = 0; r + 2 <= lr.ny; ++r)
    for (idx_t c = 0; c + 2 <= lr.nx; ++c) corners.push_back({r, c});
  return corners;
}

/// What HR is less the forecast, over the scale, [windows][points].
std::vector<double> residuals(const PooledBase& base, const PlanePair& pair) {
  const auto corners = all_corners(pair.lr);
  const WindowBatch windows = cut_windows(pair.lr, window_shape, corners, pair.range);
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
  PooledMoments moments(window_shape);
  moments.add(pair);
  const double penalty = 1e-3;
  const std::vector<double> b = moments.regression(penalty);
  // Written out: X^T (Y - X B) = lambda B, and the squared error.
  const auto corners = all_corners(pair.lr);
  const WindowBatch windows = cut_windows(pair.lr, window_shape, corners, 255);
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
  const WindowBatch window = cut_windows(pair.lr, window_shape, corner, 255);
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
  const PooledForecast other = base.forecast(cut_windows(scaled, window_shape, corner, 3 * 255), 3 * 255);
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
  const auto forecast = base.forecast(cut_windows(pair.lr, window_shape, all_corners(pair.lr), 255), 255);
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
    fit_pooled_base(all, {size, [=](idx_t i) { return image(i, 0.1, side); }}, series(5, 2, 0.1),
                    {window_shape});
  };
  EXPECT_THROW(fit(0, image_side), Error);
  EXPECT_THROW(fit(3, 1), Error);
}

TEST(CutWindows, MirrorCellsAtTheEdgesHoweverSmallTheImage) {
  const Plane lr{1, 2, {10, 20}};
  const std::vector<std::array<idx_t, 2>> corner{{0, 0}};
  const WindowBatch window = cut_windows(lr, window_shape, corner, 255);
  const float expected[] = {10, 10, 20, 20};  // columns -1, 0, 1, 2
  EXPECT_EQ(window.mean[0], 15);
  EXPECT_EQ(window.contrast[0], 5);
  for (idx_t i = 0; i < 16; ++i) EXPECT_EQ(window.cells[i] * 5 + 15, expected[i % 4]) << i;
}

TEST(CutWindows, ConstantWindowsHaveAContrastAboveZero) {
  const std::vector<std::array<idx_t, 2>> corner{{0, 0}};
  const WindowBatch window = cut_windows({2, 2, {7, 7, 7, 7}}, window_shape, corner, 255);
  EXPECT_EQ(window.mean[0], 7);
  EXPECT_FLOAT_EQ(window.contrast[0], static_cast<float>(contrast_floor * 255));
  for (const float x : window.cells) EXPECT_EQ(x, 0);
}

}  // namespace
