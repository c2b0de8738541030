#pragma once
// The fields of one block of times of a product, on their way from forecasts to files.

#include <span>
#include <vector>

#include "podscale/gaussian/functional.hpp"
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
  FieldDecoder(const Communicator& comm, const Basis& basis, const Forecaster& forecaster,
               const DownscaleOptions& options);
  /// Collective. The fields of times first .. of the axis, those of the batch.
  BlockFields decode(const Forecaster::Batch& batch, const SampleAxis& axis, std::size_t first) const;

 private:
  const Communicator* comm_;
  const Basis* basis_;
  const Forecaster* forecaster_;
  const DownscaleOptions* options_;
  FunctionalSet regions_;
};

}  // namespace podscale
