#pragma once
// The fields of one block of times of a product, on their way from forecasts to files.

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "podscale/gaussian/functional.hpp"
#include "podscale/gaussian/point_variance.hpp"
#include "podscale/study/downscale.hpp"
#include "podscale/study/product_file.hpp"

namespace podscale {

/// [times][values of a field] each, members [members][times][values of a field], in working units,
/// NaN on land.
struct BlockFields {
  std::vector<double> mean, variance, members;
  std::vector<std::vector<double>> extra;            ///< as extra_fields()
  std::vector<double> region_mean, region_variance;  ///< [times][series][regions]
};

/// Not collective. What the product holds beside mean, variance, standard deviation and members.
std::vector<ExtraField> extra_fields(const DownscaleOptions& options);

class FieldDecoder {
 public:
  /// Collective where patches overlap. All arguments must outlive it.
  FieldDecoder(const Communicator& comm, const Foundation& foundation, const Forecaster& forecaster,
               const DownscaleOptions& options);
  /// Whether decode() needs the covariance factors of forecasts from latents.
  Factor needed_factor() const;
  /// Collective. The fields of these times of the axis, those of the batch. add_signal (optional):
  /// adds to a field what mean and members of a time of the batch have beside the forecast.
  BlockFields decode(const Forecaster::Batch& batch, const SampleAxis& axis, std::span<const std::size_t> block,
                     const std::function<void(std::size_t, std::span<double>)>& add_signal = {}) const;

 private:
  const Communicator* comm_;
  const Foundation* foundation_;
  const Basis* basis_;
  const Forecaster* forecaster_;
  const DownscaleOptions* options_;
  FunctionalSet regions_;
  mutable std::vector<std::optional<PointVariance>> point_variance_;  // [regimes], made where needed
};

}  // namespace podscale
