#pragma once
// From series to the seasonal variance of the base.

#include <vector>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/encoded_period.hpp"

namespace podscale {

/// Collective. Least squares of the squared latents (their mean over the modes of a patch) on the
/// harmonics over the training period. Kept where the Gaussian likelihood of the latents of
/// `validate` is higher with it than without, each patch and global mode with a factor of its own
/// on its variance, as calibration gives one: a variance that is wrong by a factor all year tells
/// nothing of the season. Else empty, and at once where the training period lacks seasons;
/// `reason` says which. space: of a base without seasonal variance. The same bits at any number
/// of ranks. residuals (optional): of `train`, over their spread, where they are known.
SeasonalVariance fit_seasonal_variance(const Communicator& comm, const LatentSpace& space,
                                       const EncodedPeriod& train, const EncodedPeriod& validate,
                                       int harmonics, long block, const PatchSeries* residuals = nullptr);

}  // namespace podscale
