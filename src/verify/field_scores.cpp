#include "podscale/verify/field_scores.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/stat/ensemble.hpp"
#include "podscale/stat/normal.hpp"
#include "podscale/stat/student.hpp"

namespace podscale {
namespace {

double correlation_of(double weight, double x, double y, double xx, double yy, double xy) {
  const double covariance = xy - x * y / weight, variance_x = xx - x * x / weight,
               variance_y = yy - y * y / weight;
  // A constant field leaves only rounding in its variance: no correlation.
  constexpr double rounding = 1e-13;
  if (!(variance_x > rounding * xx) || !(variance_y > rounding * yy)) return undefined;
  return std::clamp(covariance / std::sqrt(variance_x * variance_y), -1.0, 1.0);
}

bool has_value(const Forecast& forecast, std::size_t i, std::size_t points) {
  if (!std::isfinite(forecast.mean[i])) return false;
  if (!forecast.variance.empty() && !std::isfinite(forecast.variance[i])) return false;
  for (std::size_t k = i; k < forecast.members.size(); k += points)
    if (!std::isfinite(forecast.members[k])) return false;
  return true;
}

}  // namespace

FieldSums& FieldSums::operator+=(const FieldSums& other) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += other.values[i];
  return *this;
}

std::vector<double> ocean_area(const Mesh& mesh, idx_t row, std::span<const unsigned char> ocean) {
  std::vector<double> area(ocean.size(), 0.0);
  for (std::size_t i = 0; i < area.size(); ++i)
    if (ocean[i])
      area[i] = mesh.area_weight(row + static_cast<idx_t>(i) / mesh.nx(), static_cast<idx_t>(i) % mesh.nx());
  return area;
}

std::vector<double> point_weights(std::span<const double> area, std::span<const float> truth,
                                  std::span<const Forecast> forecasts, long* lost) {
  const std::size_t points = area.size();
  PODSCALE_ASSERT(truth.size() == points, "{} points, truth {}", points, truth.size());
  for (const Forecast& forecast : forecasts)
    PODSCALE_ASSERT(forecast.mean.size() == points && forecast.members.size() % std::max(points, 1ul) == 0 &&
                        (forecast.variance.empty() || forecast.variance.size() == points),
                    "{} points, mean {}, variance {}, members {}", points, forecast.mean.size(),
                    forecast.variance.size(), forecast.members.size());
  std::vector<double> weights(points, 0.0);
  for (std::size_t i = 0; i < points; ++i) {
    if (area[i] == 0 || !std::isfinite(truth[i])) continue;
    const bool valid = std::all_of(forecasts.begin(), forecasts.end(),
                                   [&](const Forecast& forecast) { return has_value(forecast, i, points); });
    if (valid)
      weights[i] = area[i];
    else if (lost)
      ++*lost;
  }
  return weights;
}

FieldSums field_sums(std::span<const double> weights, const Forecast& forecast, std::span<const float> truth,
                     std::span<const float> climatology, std::size_t first, std::size_t end) {
  auto half_width = coverage_levels;
  for (double& width : half_width) width = predictive_half_width(width, forecast.degrees_of_freedom);
  const std::size_t points = weights.size();
  end = std::min(end, points);
  PODSCALE_ASSERT(forecast.mean.size() == points && truth.size() == points &&
                      (climatology.empty() || climatology.size() >= end) &&
                      (forecast.variance.empty() || forecast.variance.size() >= end),
                  "weights {}, forecast {}, truth {}, climatology {}", points, forecast.mean.size(),
                  truth.size(), climatology.size());
  FieldSums sums;
  std::vector<double> members(forecast.members.size() / std::max<std::size_t>(points, 1));
  for (std::size_t i = first; i < end; ++i) {
    const double w = weights[i];
    if (w == 0) continue;
    const double f = forecast.mean[i], o = truth[i], error = f - o;
    sums[Sum::weight] += w;
    sums[Sum::points] += 1;
    sums[Sum::error] += w * error;
    sums[Sum::absolute_error] += w * std::abs(error);
    sums[Sum::squared_error] += w * error * error;
    sums[Sum::forecast] += w * f;
    sums[Sum::truth] += w * o;
    sums[Sum::forecast_squared] += w * f * f;
    sums[Sum::truth_squared] += w * o * o;
    sums[Sum::product] += w * f * o;
    if (!climatology.empty()) {
      const double c = climatology[i], fa = f - c, oa = o - c;
      sums[Sum::forecast_anomaly] += w * fa;
      sums[Sum::truth_anomaly] += w * oa;
      sums[Sum::forecast_anomaly_squared] += w * fa * fa;
      sums[Sum::truth_anomaly_squared] += w * oa * oa;
      sums[Sum::anomaly_product] += w * fa * oa;
    }
    const double variance = forecast.variance.empty() ? 0.0 : std::max(0.0f, forecast.variance[i]);
    const double crps = predictive_crps(f, variance, forecast.degrees_of_freedom, o);
    sums[Sum::crps] += w * crps;
    sums[Sum::variance] += w * variance;
    if (variance > 0) {
      sums[Sum::standardised_error] += w * error * error / variance;
      sums[Sum::standardised_weight] += w;
    }
    if (!forecast.variance.empty()) {
      const double deviation = std::sqrt(variance);
      for (std::size_t k = 0; k < half_width.size(); ++k)
        if (std::abs(error) <= half_width[k] * deviation)
          sums.values[static_cast<std::size_t>(Sum::covered_50) + k] += w;
    }
    for (std::size_t m = 0; m < members.size(); ++m) members[m] = forecast.members[m * points + i];
    sums[Sum::fair_crps] += w * (members.empty() ? crps : fair_crps(members, o));
  }
  return sums;
}

double psnr(double mean_squared_error, double data_range) {
  if (!(data_range > 0)) return undefined;
  return 10 * std::log10(data_range * data_range / mean_squared_error);
}

Scores scores_of(const FieldSums& sums, const ScoreRules& rules) {
  Scores scores;
  const double weight = sums[Sum::weight];
  const double mse = quotient(sums[Sum::squared_error], weight);
  scores.points = sums[Sum::points];
  scores.rmse = std::sqrt(mse);
  scores.mae = quotient(sums[Sum::absolute_error], weight);
  scores.bias = quotient(sums[Sum::error], weight);
  scores.correlation =
      correlation_of(weight, sums[Sum::forecast], sums[Sum::truth], sums[Sum::forecast_squared],
                     sums[Sum::truth_squared], sums[Sum::product]);
  scores.anomaly_correlation = correlation_of(weight, sums[Sum::forecast_anomaly], sums[Sum::truth_anomaly],
                                              sums[Sum::forecast_anomaly_squared],
                                              sums[Sum::truth_anomaly_squared], sums[Sum::anomaly_product]);
  scores.crps = quotient(sums[Sum::crps], weight);
  scores.fair_crps =
      rules.has_members || !rules.has_variance ? quotient(sums[Sum::fair_crps], weight) : undefined;
  const double variance = rules.has_variance ? quotient(sums[Sum::variance], weight) : undefined;
  scores.spread = std::sqrt(variance * spread_correction(rules.spread_members));
  scores.spread_skill = scores.spread / scores.rmse;
  scores.error_over_variance = mse / variance;
  scores.standardised_error = quotient(sums[Sum::standardised_error], sums[Sum::standardised_weight]);
  for (std::size_t k = 0; k < scores.coverage.size(); ++k)
    scores.coverage[k] = rules.has_variance
                             ? quotient(sums.values[static_cast<std::size_t>(Sum::covered_50) + k], weight)
                             : undefined;
  scores.psnr = psnr(mse, rules.data_range);
  scores.ssim = quotient(sums[Sum::ssim], sums[Sum::ssim_weight]);
  return scores;
}

}  // namespace podscale
