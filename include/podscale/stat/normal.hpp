#pragma once
// The Gaussian forecast of one point: distribution, quantiles and continuous ranked probability
// score in closed form.

#include <array>
#include <span>

namespace podscale {

/// Not collective. Standard normal distribution function, through erfc: accurate in both tails.
double normal_cdf(double z);

/// Not collective. Inverse of normal_cdf for p in (0, 1), relative error about 1e-16: Wichura
/// (1988), Algorithm AS 241 (PPND16), Applied Statistics 37, 477-484. p = 0 and 1 give -inf and
/// +inf, anything else outside gives NaN.
double normal_quantile(double p);

/// Not collective. Half width, in standard deviations, of the central interval that holds `level`
/// (in (0, 1)) of a Gaussian: 0.95 -> 1.959963984540054.
double central_half_width(double level);
/// The same of some levels.
template <std::size_t N>
std::array<double, N> central_half_widths(std::array<double, N> levels) {
  for (double& level : levels) level = central_half_width(level);
  return levels;
}

/// The central intervals whose coverage podscale reports.
inline constexpr std::array<double, 4> coverage_levels = {0.50, 0.80, 0.90, 0.95};

/// Not collective. CRPS of N(0, 1) against z; 0 is perfect: z (2 Phi(z) - 1) + 2 phi(z) -
/// 1/sqrt(pi), Gneiting & Raftery (2007), J. Am. Stat. Assoc. 102, eq. 21, in negative
/// orientation.
double standard_crps(double z);
/// Not collective. CRPS of N(mean, variance) against y, in the unit of y: s times that of N(0, 1)
/// against (y - mean) / s, s the standard deviation. variance = 0 (a deterministic forecast): the
/// absolute error; so is a negative one, which rounding may leave.
double gaussian_crps(double mean, double variance, double y);

/// Not collective. CRPS of the mixture of equal weights of N(means[r], variances[r]) against y:
/// Grimit, Gneiting, Berrocal & Johnson (2006), Q. J. R. Meteorol. Soc. 132, 2925-2942, eq. 5. One
/// component: gaussian_crps.
double mixture_crps(std::span<const double> means, std::span<const double> variances, double y);

}  // namespace podscale
