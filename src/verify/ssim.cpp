#include "podscale/verify/ssim.hpp"

#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

// Windowed means of one quantity, [ny-size+1][nx-size+1]: along x, then along y.
class WindowMean {
 public:
  WindowMean(long ny, long nx, long size) : ny_(ny), nx_(nx), size_(size) {}

  template <class Quantity>
  std::vector<double> operator()(Quantity quantity) const {
    const long my = ny_ - size_ + 1, mx = nx_ - size_ + 1;
    const double weight = 1.0 / static_cast<double>(size_);
    std::vector<double> rows(ny_ * mx, 0.0), out(my * mx, 0.0);
    std::vector<double> line(nx_);
    for (long j = 0; j < ny_; ++j) {
      for (long i = 0; i < nx_; ++i) line[i] = quantity(j * nx_ + i);
      for (long k = 0; k < size_; ++k)
        for (long i = 0; i < mx; ++i) rows[j * mx + i] += weight * line[i + k];
    }
    for (long j = 0; j < my; ++j)
      for (long k = 0; k < size_; ++k)
        for (long i = 0; i < mx; ++i) out[j * mx + i] += weight * rows[(j + k) * mx + i];
    return out;
  }

 private:
  long ny_, nx_, size_;
};

}  // namespace

SsimSums ssim_sums(long ny, long nx, std::span<const double> weights, std::span<const float> x,
                   std::span<const float> y, double data_range, const SsimWindow& window) {
  const std::size_t points = ny * nx;
  PODSCALE_ASSERT(weights.size() == points && x.size() == points && y.size() == points, "{} points, {} {} {}",
                  points, weights.size(), x.size(), y.size());
  PODSCALE_ASSERT(window.size > 1, "SSIM window of {} points", window.size);
  SsimSums sums;
  if (ny < window.size || nx < window.size || !(data_range > 0)) return sums;

  // Moments about a constant near the data: a variance from raw moments of 20 +- 0.1 would lose
  // digits.
  double shift = 0;
  for (std::size_t i = 0; i < points && shift == 0; ++i)
    if (weights[i] > 0) shift = y[i];
  const auto value = [&](std::span<const float> field, long i) {
    return weights[i] > 0 ? field[i] - shift : 0.0;
  };
  const WindowMean mean(ny, nx, window.size);
  const auto gaps = mean([&](long i) { return weights[i] > 0 ? 0.0 : 1.0; });
  const auto mx = mean([&](long i) { return value(x, i); });
  const auto my = mean([&](long i) { return value(y, i); });
  const auto xx = mean([&](long i) { return value(x, i) * value(x, i); });
  const auto yy = mean([&](long i) { return value(y, i) * value(y, i); });
  const auto xy = mean([&](long i) { return value(x, i) * value(y, i); });

  const double n = static_cast<double>(window.size) * window.size;
  const double unbiased = n / (n - 1);
  const double c1 = std::pow(0.01 * data_range, 2), c2 = std::pow(0.03 * data_range, 2);
  const long width = nx - window.size + 1, half = window.size / 2;
  for (std::size_t k = 0; k < gaps.size(); ++k) {
    if (gaps[k] != 0) continue;  // exact: a sum of zeros
    const double a = mx[k] + shift, b = my[k] + shift;
    const double variances = unbiased * (xx[k] - mx[k] * mx[k] + yy[k] - my[k] * my[k]);
    const double covariance = unbiased * (xy[k] - mx[k] * my[k]);
    const double ssim = (2 * a * b + c1) * (2 * covariance + c2) / ((a * a + b * b + c1) * (variances + c2));
    const long row = static_cast<long>(k) / width + half, column = static_cast<long>(k) % width + half;
    const double w = weights[row * nx + column];
    sums.ssim += w * ssim;
    sums.weight += w;
  }
  return sums;
}

}  // namespace podscale
