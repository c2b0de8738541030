#pragma once
// Correlation of two series that are not independent from one time to the next.

#include <span>
#include <vector>

namespace podscale {

struct Correlation {
  double r = 0;        ///< Pearson
  double samples = 0;  ///< so many independent pairs would tell as much
  /// Not collective. Whether r is above 0 with this confidence, and the value that the true one
  /// stays below with it: Fisher's z, 1 where there are 4 pairs or fewer.
  bool above_zero(double confidence) const;
  double upper(double confidence) const;
};

/// Not collective. Of two series about their means. lost: coefficients that were fitted to them.
/// The effective number of pairs is n / (1 + 2 sum (1 - k/n) r_a(k) r_b(k)), Bartlett (1935), J.
/// R. Stat. Soc. 98, 536-543, summed up to the first lag at which the product is not positive.
Correlation correlation(std::span<const double> a, std::span<const double> b, int lost = 0);

/// Not collective. What each time adds to the one before: x(t) - r(1) x(t - 1), about the mean.
std::vector<double> innovations(std::span<const double> series);

/// Not collective. Series [times] less the least-squares fit of the columns [times][columns], in
/// place. Columns that say nothing new take no part.
void remove_fit(std::span<double> series, std::span<const double> columns, int count);

}  // namespace podscale
