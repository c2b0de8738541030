#pragma once
// What the base and the network are told of a time, from the LR series: one row of numbers a patch.

#include <memory>
#include <span>
#include <vector>

#include "podscale/gaussian/linear_gaussian.hpp"
#include "podscale/pod/anomaly.hpp"

namespace podscale {

/// With a base: the predictors of its regression, K. Without one (base = 'none', the published recipe): the LR
/// anomaly interpolated to the HR grid and projected on the patch's modes, K.
class ConditionSeries {
 public:
  /// All arguments must outlive it. base: nullptr for base = 'none'.
  ConditionSeries(const LowResolution& lr, const Basis& basis, const LinearGaussian* base,
                  const Communicator& comm);
  long width() const { return width_; }  ///< C, values a patch
  /// Collective. [steps][local patches][C] K. Errors: data (gaps).
  std::vector<float> read(std::span<const long> steps) const;

 private:
  const Basis* basis_;
  long width_;
  std::unique_ptr<PredictorSeries> predictors_;
  std::unique_ptr<InterpolatedSeries> interpolated_;
};

}  // namespace podscale
