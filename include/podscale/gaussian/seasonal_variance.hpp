#pragma once
// The residual variance through the year (method: section 2.6): the latents of the base have variance 1 over
// the training period as a whole, but not in every season.

#include <string>
#include <vector>

#include "podscale/study/basis_builder.hpp"

namespace podscale {

class LatentSpace;

/// Variance of the latents at a phase of the year, as harmonics: one curve a patch, one a global mode. Empty:
/// 1 always.
struct SeasonalVariance {
  int harmonics = 0;
  std::vector<double> patch;   ///< [local patches][1 + 2H]: mean, cos 1, sin 1, ...
  std::vector<double> global;  ///< [R][1 + 2H]
  std::string reason{};        ///< in words, why it was kept or left out
  int terms() const { return 1 + 2 * harmonics; }
  bool varies() const { return harmonics > 0; }
};

/// Standard deviations of the latents at one time, at most twice and at least half of the year's.
struct LatentScale {
  std::vector<double> patch, global;  ///< [local patches], [R]
};
/// Not collective. phase in [0, 1).
LatentScale latent_scale(const SeasonalVariance& season, double phase, std::size_t patches,
                         std::size_t global_modes);

/// Collective. Least squares of the squared latents (their mean over the modes of a patch) on the harmonics
/// over the training period. Kept where the Gaussian likelihood of the latents of `validate` is
/// higher with it than without, each patch and global mode with a factor of its own on its
/// variance, as calibration gives one: a variance that is wrong by a factor all year tells nothing
/// of the season. Else empty, and at once where the training period lacks seasons; the log and
/// `reason` say which. space: of a base without seasonal variance. A pass over the training and
/// one over the validation series. The same bits at any number of ranks.
SeasonalVariance fit_seasonal_variance(const Communicator& comm, const LatentSpace& space,
                                       const StudySeries& study, const std::vector<StepPair>& train,
                                       const std::vector<StepPair>& validate, int harmonics, long block);

}  // namespace podscale
