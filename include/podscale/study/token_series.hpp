#pragma once
// The latents of a period, on the ranks that own the patches: what training keeps in memory
// instead of fields.

#include <vector>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/network/model.hpp"
#include "podscale/parallel/transposition.hpp"
#include "podscale/study/encoded_period.hpp"

namespace podscale {

struct TokenSeries {
  std::vector<long> tokens;       ///< of this rank: those of its patches; rank 0 has the global ones too
  std::vector<float> latent;      ///< [times][tokens][K] z
  std::vector<float> condition;   ///< [times][tokens][C or columns] standardised; 0 for global tokens
  std::vector<float> year_phase;  ///< [times]
  std::vector<std::size_t> columns{};  ///< values of a condition that are kept; empty: all
  /// Not collective. What training draws from; this must outlive it.
  TrainingSet set() const {
    return {std::ssize(year_phase), latent, condition, year_phase, columns, {}, tokens, false};
  }
};

/// Collective. The latents of a period in blocks of `block` times; of its conditions the values
/// that the regime of the space is told.
TokenSeries token_series(const Communicator& comm, const LatentSpace& space, const EncodedPeriod& period,
                         long block);

/// Not collective. Conditions for the network: [times][local patches][C], standardised.
std::vector<float> standardised(const LatentSpace& space, std::span<const float> condition, long times);

/// Global token numbers of this rank's patches.
std::vector<long> local_tokens(const Basis& basis);

/// Not collective. [items][patches][width] -> [items][patches + global tokens][width]; the new
/// rows are 0.
std::vector<float> with_global_tokens(std::span<const float> rows, long items, long patches,
                                      long global_tokens, long width);

}  // namespace podscale
