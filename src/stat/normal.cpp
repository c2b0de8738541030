#include "podscale/stat/normal.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <span>

namespace podscale {
namespace {

// Coefficients of AS 241, lowest power first: |p - 1/2| <= 0.425, then r = sqrt(-log tail) - 1.6,
// then r - 5.
constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                        1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                        3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double b[] = {1.0,
                        4.2313330701600911252e+1,
                        6.8718700749205790830e+2,
                        5.3941960214247511077e+3,
                        2.1213794301586595867e+4,
                        3.9307895800092710610e+4,
                        2.8729085735721942674e+4,
                        5.2264952788528545610e+3};
constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                        3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                        2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double d[] = {1.0,
                        2.05319162663775882187e0,
                        1.67638483018380384940e0,
                        6.89767334985100004550e-1,
                        1.48103976427480074590e-1,
                        1.51986665636164571966e-2,
                        5.47593808499534494600e-4,
                        1.05075007164441684324e-9};
constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                        2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                        2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double f[] = {1.0,
                        5.99832206555887937690e-1,
                        1.36929880922735805310e-1,
                        1.48753612908506148525e-2,
                        7.86869131145613259100e-4,
                        1.84631831751005468180e-5,
                        1.42151175831644588870e-7,
                        2.04426310338993978564e-15};

double polynomial(std::span<const double, 8> coefficient, double x) {
  double value = coefficient[7];
  for (int i = 6; i >= 0; --i) value = value * x + coefficient[i];
  return value;
}

}  // namespace

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_quantile(double p) {
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0) return -std::numeric_limits<double>::infinity();
  if (p == 1) return std::numeric_limits<double>::infinity();
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  const double z =
      r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -z : z;
}

double central_half_width(double level) {
  return normal_quantile(0.5 + 0.5 * level);
}

double standard_crps(double z) {
  return z * std::erf(z / std::numbers::sqrt2) + std::sqrt(2 / std::numbers::pi) * std::exp(-0.5 * z * z) -
         std::numbers::inv_sqrtpi;
}

double gaussian_crps(double mean, double variance, double y) {
  if (!(variance > 0)) return std::abs(y - mean);
  const double s = std::sqrt(variance);
  return s * standard_crps((y - mean) / s);
}

namespace {

/// E |X| of X ~ N(mean, variance).
double mean_size(double mean, double variance) {
  if (variance <= 0) return std::abs(mean);
  const double s = std::sqrt(variance), z = mean / s;
  return 2 * s * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi) + mean * (2 * normal_cdf(z) - 1);
}

}  // namespace

double mixture_crps(std::span<const double> means, std::span<const double> variances, double y) {
  const std::size_t n = means.size();
  double error = 0, spread = 0;
  for (std::size_t r = 0; r < n; ++r) {
    error += mean_size(y - means[r], variances[r]);
    spread += mean_size(0, 2 * variances[r]);
    for (std::size_t q = 0; q < r; ++q)
      spread += 2 * mean_size(means[r] - means[q], variances[r] + variances[q]);
  }
  const double weight = 1 / static_cast<double>(n);
  return weight * error - weight * weight * spread / 2;
}

}  // namespace podscale
