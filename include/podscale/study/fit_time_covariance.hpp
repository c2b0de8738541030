#pragma once
// The autocorrelation of the latents of the base, and of what the modes leave out, from the
// training period.

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/encoded_period.hpp"
#include "podscale/study/hr_gaps.hpp"

namespace podscale {

/// Collective. Of the latents that the network works on, over the seasonal scale; not centred:
/// what differs from year to year persists. Of the truncation residual over its standard
/// deviation, from at most the last 1500 times at some 8000 points. The same bits at any number of
/// ranks. A series without a known step, or with too few times, is independent in time, and says
/// so.
TimeCovariance fit_time_covariance(const Communicator& comm, const LatentSpace& space,
                                   const StudySeries& study, const EncodedPeriod& train, long block,
                                   const GapFiller* gaps = nullptr);

}  // namespace podscale
