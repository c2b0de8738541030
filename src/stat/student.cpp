#include "podscale/stat/student.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

double log_beta(double a, double b) {
  return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
}

/// I_x(a, b) for x below its mean, where the fraction converges quickly.
double incomplete_beta_fraction(double x, double a, double b) {
  constexpr double tiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (std::abs(d) < tiny ? tiny : d);
  double h = d;
  for (int m = 1; m < 500; ++m) {
    for (const double numerator : {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                                   -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))}) {
      d = 1 + numerator * d;
      d = 1 / (std::abs(d) < tiny ? tiny : d);
      c = 1 + numerator / c;
      if (std::abs(c) < tiny) c = tiny;
      h *= c * d;
    }
    if (std::abs(c * d - 1) < 1e-16) break;
  }
  return h * std::exp(a * std::log(x) + b * std::log1p(-x) - log_beta(a, b)) / a;
}

double incomplete_beta(double x, double a, double b) {
  if (!(x > 0)) return 0;
  if (!(x < 1)) return 1;
  return x < (a + 1) / (a + b + 2) ? incomplete_beta_fraction(x, a, b)
                                   : 1 - incomplete_beta_fraction(1 - x, b, a);
}

/// P(T < t) of the t itself.
double student_cdf(double t, double nu) {
  const double tail = 0.5 * incomplete_beta(nu / (nu + t * t), 0.5 * nu, 0.5);
  return t > 0 ? 1 - tail : tail;
}

double student_density(double t, double nu) {
  return std::exp(-0.5 * (nu + 1) * std::log1p(t * t / nu) - log_beta(0.5 * nu, 0.5)) / std::sqrt(nu);
}

/// Standard deviation of the t over its scale.
double deviation_of(double nu) {
  return std::sqrt(nu / (nu - 2));
}

}  // namespace

double predictive_cdf(double z, double nu) {
  return nu > 0 ? student_cdf(z * deviation_of(nu), nu) : normal_cdf(z);
}

double predictive_half_width(double level, double nu) {
  const double gaussian = central_half_width(level);
  if (!(nu > 0)) return gaussian;
  const double wanted = 0.5 + 0.5 * level;
  double low = 0, high = 100 * gaussian;
  for (int step = 0; step < 200; ++step) {  // bisection: exact to rounding
    const double middle = 0.5 * (low + high);
    (predictive_cdf(middle, nu) < wanted ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double predictive_crps(double mean, double variance, double nu, double y) {
  if (!(nu > 0) || !(variance > 0)) return gaussian_crps(mean, variance, y);
  const double scale = std::sqrt(variance) / deviation_of(nu), z = (y - mean) / scale;
  const double constant =
      2 * std::sqrt(nu) / (nu - 1) * std::exp(log_beta(0.5, nu - 0.5) - 2 * log_beta(0.5, 0.5 * nu));
  return scale *
         (z * (2 * student_cdf(z, nu) - 1) + 2 * student_density(z, nu) * (nu + z * z) / (nu - 1) - constant);
}

}  // namespace podscale
