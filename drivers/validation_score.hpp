#pragma once
// The score that selects the weights (method: section 3.10): fair CRPS in kelvin, area-weighted, of a fixed
// subset of the validation period with fixed noise.

#include <cstdint>
#include <vector>

#include "podscale/diffusion/downscaling.hpp"
#include "podscale/pod/basis_builder.hpp"

namespace podscale {

class ValidationSubset {
 public:
  /// Collective. Reads and keeps `times` fields, evenly spread over the period, and their condition tokens;
  /// comm and basis must outlive it. members: of a time, all in one work item.
  ValidationSubset(const Communicator& comm, const Basis& basis, const StudySeries& study,
                   const std::vector<StepPair>& pairs, long times, int members);
  /// Collective; the same value on every rank and, to rounding, at any number of ranks.
  double score(const SampleFunction& sample) const;
  long times() const { return static_cast<long>(year_phase_.size()); }

 private:
  const Communicator* comm_;
  const Basis* basis_;
  EnsemblePlan plan_;
  std::vector<double> truth_;     // [times][window points] anomalies, K
  std::vector<float> condition_;  // [times][local patches][K]
  std::vector<float> year_phase_;
  std::vector<std::uint32_t> time_key_;
};

}  // namespace podscale
