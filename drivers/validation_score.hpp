#pragma once
// The score that selects the weights (method: section 3.10): CRPS in kelvin, area-weighted, of a fixed subset
// of the validation period: that of the Gaussian of the head, or the fair one of members with fixed noise.

#include <cstdint>
#include <vector>

#include "podscale/diffusion/downscaling.hpp"
#include "podscale/gaussian/condition.hpp"

namespace podscale {

class ValidationSubset {
 public:
  /// Collective. Reads and keeps `times` fields, evenly spread over the period, and their conditions; comm and
  /// space must outlive it. members: of a time, all in one work item. inflation: of the base, so that step 0 is
  /// the calibrated base.
  ValidationSubset(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                   const std::vector<StepPair>& pairs, int members, bool head, const Inflation& inflation);
  /// Collective; the same value on every rank and, to rounding, at any number of ranks.
  double score(const NetworkFunctions& network) const;

 private:
  double head_score(const NetworkFunctions& network) const;
  double ensemble_score(const NetworkFunctions& network) const;
  /// Area-weighted mean of value(time, point of the window) over ocean points and times.
  template <class Value>
  double mean_over_points(const Value& value) const;

  const Communicator* comm_;
  const LatentSpace* space_;
  EnsemblePlan plan_;
  bool head_;
  Inflation inflation_;
  std::vector<double> truth_;     // [times][window points] anomalies, K
  std::vector<float> condition_;  // [times][local patches][C]
  std::vector<float> year_phase_;
  std::vector<std::uint32_t> time_key_;
};

/// `times` of the pairs, evenly spread.
std::vector<StepPair> spread(const std::vector<StepPair>& pairs, long times);

}  // namespace podscale
