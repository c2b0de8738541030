#pragma once
// Scores of fields: weighted sums of one field against the truth, which add up over times, and the
// scores that follow.

#include <array>
#include <limits>
#include <span>
#include <vector>

#include "podscale/mesh/mesh.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {

/// Of a score that is not defined.
constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
inline double quotient(double over, double under) {
  return under > 0 ? over / under : undefined;
}

/// What is summed over the points of a field, each times the point's weight. "anomaly" is against
/// the climatology.
enum class Sum : int {
  weight,
  error,
  absolute_error,
  squared_error,
  forecast,
  truth,
  forecast_squared,
  truth_squared,
  product,
  forecast_anomaly,
  truth_anomaly,
  forecast_anomaly_squared,
  truth_anomaly_squared,
  anomaly_product,
  variance,
  standardised_error,
  standardised_weight,  // standardised: squared error over variance, where it is > 0
  crps,
  fair_crps,
  covered_50,
  covered_80,
  covered_90,
  covered_95,
  ssim,
  ssim_weight,
  points,
  count
};

struct FieldSums {
  std::array<double, static_cast<std::size_t>(Sum::count)> values{};
  double& operator[](Sum sum) { return values[static_cast<std::size_t>(sum)]; }
  double operator[](Sum sum) const { return values[static_cast<std::size_t>(sum)]; }
  FieldSums& operator+=(const FieldSums& other);
};

/// One forecast of one time, [points] each; empty spans where there is none. Of points that are
/// held beyond those that are scored there need be no variance.
struct Forecast {
  std::span<const float> mean, variance;
  std::span<const float> members;               ///< [M][points]
  std::span<const float> means{}, variances{};  ///< of the realizations of a mixture: [R][points]
  double degrees_of_freedom = 0;                ///< of a Student t; 0: Gaussian
};

/// Not collective. [points] Mesh::area_weight on ocean, 0 elsewhere, of whole rows of the mesh
/// from `row` on. ocean: [points].
std::vector<double> ocean_area(const Mesh& mesh, idx_t row, std::span<const unsigned char> ocean);

/// Not collective. Weights of the points of one time, [points]: their area where the truth and
/// every one of the forecasts have a value, 0 elsewhere. Land, clouds, gaps and the repeated
/// points of a mesh are thus absent from every sum, for all systems alike. area: ocean_area().
/// lost (optional): ocean points with a truth that some forecast does not have.
std::vector<double> point_weights(std::span<const double> area, std::span<const float> truth,
                                  std::span<const Forecast> forecasts, long* lost = nullptr);

/// Not collective. All sums but those of SSIM, over the points first..end. A point of weight 0 is
/// never looked at. climatology: [points] or empty (no anomaly correlation). Without a variance
/// (deterministic) the CRPS is the absolute error; without members the fair CRPS is the CRPS.
FieldSums field_sums(std::span<const double> weights, const Forecast& forecast, std::span<const float> truth,
                     std::span<const float> climatology, std::size_t first = 0,
                     std::size_t end = std::numeric_limits<std::size_t>::max());

/// Scores of one field or of many; NaN where undefined (correlation of a constant, spread of a
/// deterministic system).
struct Scores {
  double rmse = 0, mae = 0, bias = 0;  ///< bias: forecast minus truth
  double correlation = 0;              ///< of the values, over all points and times that were summed
  double anomaly_correlation = 0;      ///< of the anomalies against the climatology, centred, likewise
  double crps = 0;          ///< of the Gaussian of mean and variance; the MAE of a deterministic system
  double fair_crps = 0;     ///< from the members
  double spread = 0;        ///< sqrt(mean variance x spread_correction)
  double spread_skill = 0;  ///< spread over RMSE; 1 = reliable
  double error_over_variance = 0;  ///< mean squared error over mean variance
  double standardised_error = 0;   ///< mean of squared error over variance, point by point
  std::array<double, coverage_levels.size()> coverage{};  ///< fraction of truths inside the central intervals
  double psnr = 0;                                        ///< dB: 10 log10(range^2 / MSE)
  double ssim = 0;                                        ///< mean over windows free of land and gaps
  double points = 0;                                      ///< points (times) that entered
};

/// How a system's sums turn into scores.
struct ScoreRules {
  bool has_variance = false, has_members = false;
  int spread_members = 0;  ///< members from which the variance was made; 0: from elsewhere
  double data_range = 0;   ///< largest minus smallest truth over the period, for PSNR
};

/// Not collective. PSNR in dB of a mean squared error; +inf for 0, NaN where data_range is not
/// positive.
double psnr(double mean_squared_error, double data_range);

/// Not collective.
Scores scores_of(const FieldSums& sums, const ScoreRules& rules);

}  // namespace podscale
