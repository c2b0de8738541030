#include "podscale/stat/correlation.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

std::vector<double> about_mean(std::span<const double> series) {
  double mean = 0;
  for (const double x : series) mean += x / static_cast<double>(series.size());
  std::vector<double> out;
  for (const double x : series) out.push_back(x - mean);
  return out;
}

/// Sum of products at a lag.
double lagged(std::span<const double> a, std::span<const double> b, std::size_t lag) {
  double sum = 0;
  for (std::size_t t = lag; t < a.size(); ++t) sum += a[t] * b[t - lag];
  return sum;
}

}  // namespace

bool Correlation::above_zero(double confidence) const {
  return samples > 4 &&
         std::atanh(std::min(r, 1 - 1e-15)) * std::sqrt(samples - 3) > normal_quantile(confidence);
}

double Correlation::upper(double confidence) const {
  if (samples <= 4) return 1;
  return std::tanh(std::atanh(std::clamp(r, -1 + 1e-15, 1 - 1e-15)) +
                   normal_quantile(confidence) / std::sqrt(samples - 3));
}

Correlation correlation(std::span<const double> first, std::span<const double> second, int lost) {
  PODSCALE_ASSERT(first.size() == second.size(), "{} and {} times", first.size(), second.size());
  const auto a = about_mean(first), b = about_mean(second);
  const double aa = lagged(a, a, 0), bb = lagged(b, b, 0), n = static_cast<double>(a.size());
  const double least = 1e-24;  // of the squares: less is the rounding of the mean
  if (!(aa > least * lagged(first, first, 0) && bb > least * lagged(second, second, 0))) return {};
  double memory = 1;
  for (std::size_t k = 1; k + 1 < a.size(); ++k) {
    const double of_a = lagged(a, a, k) / aa, of_b = lagged(b, b, k) / bb;
    if (of_a <= 0 || of_b <= 0) break;
    memory += 2 * (1 - static_cast<double>(k) / n) * of_a * of_b;
  }
  return {lagged(a, b, 0) / std::sqrt(aa * bb), std::max(0.0, (n - lost) / memory)};
}

std::vector<double> innovations(std::span<const double> series) {
  const auto x = about_mean(series);
  const double all = lagged(x, x, 0), persistence = all > 0 ? lagged(x, x, 1) / all : 0;
  std::vector<double> out;
  for (std::size_t t = 1; t < x.size(); ++t) out.push_back(x[t] - persistence * x[t - 1]);
  return out;
}

void remove_fit(std::span<double> series, std::span<const double> columns, int count) {
  const std::size_t n = series.size(), k = static_cast<std::size_t>(count);
  std::vector<std::vector<double>> base;  // orthonormal
  for (std::size_t c = 0; c < k; ++c) {
    std::vector<double> column(n);
    double before = 0, after = 0;
    for (std::size_t t = 0; t < n; ++t) column[t] = columns[t * k + c], before += column[t] * column[t];
    for (int twice = 0; twice < 2; ++twice)
      for (const auto& other : base) {
        double along = 0;
        for (std::size_t t = 0; t < n; ++t) along += column[t] * other[t];
        for (std::size_t t = 0; t < n; ++t) column[t] -= along * other[t];
      }
    for (const double x : column) after += x * x;
    if (!(after > 1e-10 * before)) continue;
    for (double& x : column) x /= std::sqrt(after);
    base.push_back(std::move(column));
  }
  for (const auto& column : base) {
    double along = 0;
    for (std::size_t t = 0; t < n; ++t) along += series[t] * column[t];
    for (std::size_t t = 0; t < n; ++t) series[t] -= along * column[t];
  }
}

}  // namespace podscale
