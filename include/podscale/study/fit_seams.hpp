#pragma once
// The covariance across the borders of overlapping patches of what patches do not share.

#include "podscale/study/encoded_period.hpp"
#include "podscale/study/hr_gaps.hpp"

namespace podscale {

/// Collective. From the training residuals of a base with its residual covariance, over their
/// spread and without their global modes: covariance C of the points that rotations join against
/// that of the base (method: section 1.2, seams). Reads the fields of the period once more, in
/// blocks of `block` samples. None where patches do not overlap. The same bits at any number of
/// ranks.
Seams fit_seams(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                const EncodedPeriod& train, long block, const GapFiller* gaps = nullptr);

}  // namespace podscale
