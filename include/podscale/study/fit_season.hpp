#pragma once
// From series to the seasonal variance of the base.

#include <vector>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/basis_builder.hpp"

namespace podscale {

/// Collective. Least squares of the squared latents (their mean over the modes of a patch) on the harmonics
/// over the training period. Kept where the Gaussian likelihood of the validation period's latents is higher
/// with it than without, else empty; the log says which. space: of a base without seasonal variance. Two
/// passes over the training and the validation series. The same bits at any number of ranks.
SeasonalVariance fit_seasonal_variance(const Communicator& comm, const LatentSpace& space,
                                       const StudySeries& study, const std::vector<StepPair>& train,
                                       const std::vector<StepPair>& validate, int harmonics, long block);

}  // namespace podscale
