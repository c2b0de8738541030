#pragma once
// What the base and the network are told of a time, from the LR series: one row of numbers a patch.

#include <memory>
#include <span>
#include <vector>

#include "podscale/study/predictors.hpp"
#include "podscale/study/anomaly.hpp"

namespace podscale {

/// The LR anomaly interpolated to the HR grid and projected on the patch's modes: K values. With a base, the
/// LR cells of its regression (Predictors) before them. All in K.
class ConditionSeries {
 public:
  /// All arguments must outlive it. predictors, cells: nullptr for base = 'none', the published recipe.
  ConditionSeries(const LowResolution& lr, const Basis& basis, const Predictors* predictors,
                  const Climatology* cells, const Communicator& comm);
  long width() const { return width_; }  ///< C, values a patch
  /// Collective. [steps][local patches][C] K. Errors: data (gaps).
  std::vector<float> read(std::span<const long> steps) const;

 private:
  const Basis* basis_;
  long slots_, width_;
  std::unique_ptr<PredictorSeries> predictors_;
  InterpolatedSeries interpolated_;
};

}  // namespace podscale
