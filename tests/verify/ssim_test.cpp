#include "podscale/verify/ssim.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace podscale {
namespace {

constexpr long ny = 20, nx = 24;

// Fields that any language can write down again: the figures of scikit-image below are for these.
std::vector<float> field(double phase, double noise) {
  std::vector<float> values(ny * nx);
  for (long j = 0; j < ny; ++j)
    for (long i = 0; i < nx; ++i)
      values[j * nx + i] = static_cast<float>(15 + 3 * std::sin(0.5 * i + phase) * std::cos(0.3 * j) +
                                              noise * std::sin(12.9898 * i + 78.233 * j));
  return values;
}
const std::vector<double> all(ny* nx, 1.0);
constexpr double range = 6.0;

double mean_ssim(const std::vector<double>& weights, const std::vector<float>& x, const std::vector<float>& y,
                 const SsimWindow& window) {
  const SsimSums sums = ssim_sums(ny, nx, weights, x, y, range, window);
  return sums.ssim / sums.weight;
}

// The formula of the paper, window by window, with two-pass moments.
double brute_force(const std::vector<double>& weights, const std::vector<float>& x,
                   const std::vector<float>& y, const SsimWindow& window) {
  const int n = window.size, half = n / 2;
  double sum = 0, total = 0;
  for (long j = 0; j + n <= ny; ++j)
    for (long i = 0; i + n <= nx; ++i) {
      bool clear = true;
      double norm = 0, mx = 0, my = 0, vx = 0, vy = 0, vxy = 0;
      const auto each = [&](const auto& work) {
        for (int b = 0; b < n; ++b)
          for (int a = 0; a < n; ++a) work((j + b) * nx + i + a);
      };
      each([&](long k) {
        clear = clear && weights[k] > 0;
        norm += 1;
      });
      if (!clear) continue;
      each([&](long k) {
        mx += x[k] / norm;
        my += y[k] / norm;
      });
      const double divisor = norm - 1;
      each([&](long k) {
        vx += (x[k] - mx) * (x[k] - mx) / divisor;
        vy += (y[k] - my) * (y[k] - my) / divisor;
        vxy += (x[k] - mx) * (y[k] - my) / divisor;
      });
      const double c1 = 0.01 * range * 0.01 * range, c2 = 0.03 * range * 0.03 * range;
      const double value = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
      const double w = weights[(j + half) * nx + i + half];
      sum += w * value;
      total += w;
    }
  return sum / total;
}

const SsimWindow windows[] = {SsimWindow{}, SsimWindow{11}, SsimWindow{8}};

TEST(Ssim, OfAFieldWithItselfIsOne) {
  for (const SsimWindow& window : windows)
    EXPECT_NEAR(mean_ssim(all, field(0, 0.2), field(0, 0.2), window), 1, 1e-12);
}

TEST(Ssim, EqualsBruteForce) {
  for (const SsimWindow& window : windows)
    EXPECT_NEAR(mean_ssim(all, field(0.2, 0.5), field(0, 0), window),
                brute_force(all, field(0.2, 0.5), field(0, 0), window), 1e-10);
}

TEST(Ssim, EqualsScikitImage) {
  // scikit-image 0.26.0 (python3 -m venv ve; ve/bin/pip install scikit-image), x and y as float64
  // of the float32 fields:
  //   structural_similarity(x, y, data_range=6.0)
  EXPECT_NEAR(mean_ssim(all, field(0.2, 0.5), field(0, 0), SsimWindow{}), 0.9388798520889681, 1e-9);
}

TEST(Ssim, LandAndCloudsTakeTheirWindowsAway) {
  auto x = field(0.2, 0.5), y = field(0, 0);
  std::vector<double> weights(ny * nx);
  for (long k = 0; k < ny * nx; ++k) weights[k] = 1 + 0.01 * static_cast<double>(k / nx);
  for (const long k : {0L, 3 * nx + 21, 17 * nx + 2}) {
    weights[k] = 0;
    x[k] = y[k] = std::numeric_limits<float>::quiet_NaN();
  }
  for (const SsimWindow& window : windows)
    EXPECT_NEAR(mean_ssim(weights, x, y, window), brute_force(weights, x, y, window), 1e-10);
}

TEST(Ssim, NoWindowFits) {
  std::vector<double> weights = all;
  for (long j = 0; j < ny; ++j)
    for (long i = 3; i < nx; i += 5) weights[j * nx + i] = 0;
  EXPECT_EQ(ssim_sums(ny, nx, weights, field(0, 0), field(1, 0), range).weight, 0);
  EXPECT_EQ(ssim_sums(4, 120, all, field(0, 0), field(1, 0), range).weight,
            0);  // a field smaller than the window
}

}  // namespace
}  // namespace podscale
