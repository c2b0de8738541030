#include "podscale/study/block_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/stage.hpp"
#include "podscale/stat/student.hpp"

namespace podscale {
namespace {

/// Of the predictive distribution; 0: Gaussian.
double degrees_of(const Forecaster& forecaster, std::size_t regime) {
  return forecaster.calibration(regime) ? forecaster.calibration(regime)->degrees_of_freedom : 0;
}

double half_width(const DownscaleOptions& options, const Forecaster& forecaster, std::size_t regime) {
  for (std::size_t i = 0; i < calibration_levels.size(); ++i)
    if (std::abs(options.interval - calibration_levels[i]) < 1e-9)
      return options.conformal ? forecaster.calibration(regime)->half_width[i]
                               : predictive_half_width(calibration_levels[i], degrees_of(forecaster, regime));
  return 0;
}

}  // namespace

std::vector<ExtraField> extra_fields(const DownscaleOptions& options) {
  std::vector<ExtraField> fields;
  if (options.budget)
    fields = {
        {"_variance_patch", "variance of the retained modes inside a patch", ExtraField::variance},
        {"_variance_cross_patch", "variance of the retained modes across patches", ExtraField::variance},
        {"_variance_truncation", "variance of the modes left out", ExtraField::variance},
        {"_variance_calibration", "variance added by calibration", ExtraField::variance}};
  if (options.interval > 0)
    for (const char* side : {"lower", "upper"})
      fields.push_back({fmt::format("_{}", side), fmt::format("{} bound of the central {:.0f} % interval",
                                                              side, 100 * options.interval)});
  if (options.running)
    fields.push_back({"_running_factor", "factor of the running calibration in the variance", ExtraField::ratio});
  return fields;
}

FieldDecoder::FieldDecoder(const Communicator& comm, const Foundation& foundation,
                           const Forecaster& forecaster, const DownscaleOptions& options)
    : comm_(&comm),
      foundation_(&foundation),
      basis_(&foundation.basis),
      forecaster_(&forecaster),
      options_(&options),
      regions_(foundation.basis, options.regions),
      point_variance_(foundation.spaces.size()) {}

Factor FieldDecoder::needed_factor() const {
  return options_->budget || options_->running || regions_.size() > 0 ? Factor::with : Factor::without;
}

BlockFields FieldDecoder::decode(const Forecaster::Batch& batch, const SampleAxis& axis,
                                 std::span<const std::size_t> block,
                                 const std::function<void(std::size_t, std::span<double>)>& add_signal) const {
  const Stage stage(StageId::decode);
  const std::size_t n = basis_->points(), times = batch.forecasts.size(), members = options_->members;
  const double truncation = forecaster_->inflation().truncation;
  BlockFields fields{std::vector<double>(n * times),
                     std::vector<double>(n * times),
                     std::vector<double>(n * times * members),
                     {extra_fields(*options_).size(), std::vector<double>(n * times)},
                     {},
                     {}};
  const auto at = [&](std::vector<double>& field, std::size_t t) {
    return std::span(field).subspan(t * n, n);
  };
  std::vector<double> climatology(n);
  for (std::size_t t = 0; t < times; ++t) {
    const CoefficientForecast& forecast = batch.forecasts[t];
    basis_->hr_climatology.evaluate(basis_->year_phase(axis, block[t]), climatology);
    if (add_signal) add_signal(t, climatology);
    const auto mean = at(fields.mean, t), variance = at(fields.variance, t);
    if (forecast.has_factor) {
      decode_forecast(*basis_, forecast, truncation, climatology, mean, variance);
    } else {
      auto& of_regime = point_variance_[forecast.regime];
      if (!of_regime) of_regime.emplace(foundation_->spaces[forecast.regime]);
      of_regime->decode(forecast, truncation, climatology, mean, variance);
    }
    for (std::size_t m = 0; m < members; ++m)
      decode_member(*basis_, batch.members[t][m], climatology, at(fields.members, m * times + t),
                    forecaster_->left_out(axis.time_key(block[t]), static_cast<int>(m), forecast.regime));
    auto extra = fields.extra.begin();
    if (options_->budget) {
      const VarianceBudget budget = variance_budget(*basis_, forecast, forecaster_->inflation(forecast.regime));
      for (const auto* part : {&budget.patch, &budget.cross_patch, &budget.truncation, &budget.calibration})
        std::copy(part->begin(), part->end(), at(*extra++, t).begin());
    }
    const double width = half_width(*options_, *forecaster_, forecast.regime);
    for (const double sign : {-1.0, 1.0}) {
      if (options_->interval <= 0) break;
      const auto bound = at(*extra++, t);
      for (std::size_t i = 0; i < n; ++i) bound[i] = mean[i] + sign * width * std::sqrt(variance[i]);
    }
    if (regions_.size() == 0) continue;
    for (const FunctionalForecast& f : regions_.evaluate(*comm_, forecast, truncation, climatology)) {
      fields.region_mean.push_back(f.mean);
      fields.region_variance.push_back(f.variance);
    }
  }
  return fields;
}

}  // namespace podscale
