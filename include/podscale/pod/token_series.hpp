#pragma once
// The tokens of a period, on the ranks that own their times: what training keeps in memory instead of fields.

#include <vector>

#include "podscale/parallel/transposition.hpp"
#include "podscale/pod/anomaly.hpp"

namespace podscale {

struct TokenSeries {
  Share items;                    ///< this rank's times, of the pairs given
  std::vector<float> latent;      ///< [items][P][K] standardised
  std::vector<float> condition;   ///< [items][P][K] standardised
  std::vector<float> year_phase;  ///< [items]
};

/// Collective. Reads fields in blocks of `block` times, keeps their tokens, and transposes once at the end.
TokenSeries encode_period(const Communicator& comm, const Basis& basis, const Series& hr,
                          const LowResolution& lr, const std::vector<StepPair>& pairs, long block);

/// Collective. Condition tokens of LR steps, by space: [steps][local patches][K], standardised.
std::vector<float> encode_condition(const Basis& basis, const InterpolatedSeries& condition,
                                    std::span<const long> steps);

/// Global token numbers of this rank's patches.
std::vector<long> local_tokens(const Basis& basis);

}  // namespace podscale
