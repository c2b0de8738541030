#include "podscale/study/variance_match.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace podscale {
namespace {

constexpr double kMostRatio = 4;  // beyond, noise is all that is made larger
using Months = std::array<double, 12>;

/// Mean and variance over cells.
struct Spread {
  double n = 0, sum = 0, squares = 0;
  void add(double x) { ++n, sum += x, squares += x * x; }
  double mean() const { return n > 0 ? sum / n : 0; }
  double variance() const { return n > 0 ? std::max(0.0, squares / n - mean() * mean()) : 0; }
};

double kept(double variance, double chance) {
  return variance > chance ? 1 - chance / variance : 0;
}

}  // namespace

VarianceMatch::VarianceMatch(const LrStatistics& training, const LrStatistics& own,
                             std::span<const unsigned char> cells)
    : values_(training.variance.points) {
  const std::size_t points = cells.size(), channels = static_cast<std::size_t>(values_) / points,
                    terms = 1 + 2 * kHarmonics;
  const auto least = training.least_variance(cells), own_least = own.least_variance(cells);
  curves_.assign(terms * static_cast<std::size_t>(values_), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t c = 0; c < channels; ++c) {
    // 1. Logarithms of the ratio of variances: the mean over the year, and distances from it.
    std::vector<Months> distance(points);
    std::vector<double> mean(points, std::numeric_limits<double>::quiet_NaN());
    Spread annual;
    std::array<Spread, 12> monthly;
    for (std::size_t p = 0; p < points; ++p) {
      const std::size_t value = c * points + p;
      if (!cells[p] || training.variance.coefficients[value] <= least[c] ||
          own.variance.coefficients[value] <= own_least[c])
        continue;
      const Months a = training.log_variance(value), b = own.log_variance(value);
      double sum = 0;
      for (std::size_t m = 0; m < 12; ++m) distance[p][m] = a[m] - b[m], sum += distance[p][m] / 12;
      if (!std::isfinite(sum)) continue;
      mean[p] = sum;
      annual.add(sum);
      for (std::size_t m = 0; m < 12; ++m) distance[p][m] -= sum, monthly[m].add(distance[p][m]);
    }
    double variance = 0;
    for (const Spread& month : monthly) variance += month.variance() / 12;
    const double annual_share = kept(annual.variance(), training.annual_chance[c] + own.annual_chance[c]),
                 monthly_share = kept(variance, training.monthly_chance[c] + own.monthly_chance[c]);
    if (c == 0) annual_share_ = annual_share, monthly_share_ = monthly_share;

    // 2. Drawn to the region's, as harmonics of the year.
    for (std::size_t p = 0; p < points; ++p) {
      if (std::isnan(mean[p])) continue;
      std::array<double, 1 + 2 * kHarmonics> curve{};
      for (std::size_t m = 0; m < 12; ++m) {
        const double regional = monthly[m].mean();
        const double value = annual.mean() + annual_share * (mean[p] - annual.mean()) + regional +
                             monthly_share * (distance[p][m] - regional);
        const auto basis = harmonic_basis((static_cast<double>(m) + 0.5) / 12, kHarmonics);
        for (std::size_t term = 0; term < terms; ++term)
          curve[term] += (term == 0 ? 1 : 2) * basis[term] * value / 12;
      }
      for (std::size_t term = 0; term < terms; ++term)
        curves_[term * static_cast<std::size_t>(values_) + c * points + p] = static_cast<float>(curve[term]);
    }
  }
}

double VarianceMatch::ratio(std::size_t value, std::span<const double> basis) const {
  if (std::isnan(curves_[value])) return 1;
  double log = 0;
  for (std::size_t term = 0; term < basis.size(); ++term)
    log += basis[term] * static_cast<double>(curves_[term * static_cast<std::size_t>(values_) + value]);
  return std::min(std::exp(0.5 * log), kMostRatio);
}

}  // namespace podscale
