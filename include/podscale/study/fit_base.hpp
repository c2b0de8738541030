#pragma once
// From series to the linear-Gaussian base: the second half of the work of podscale-basis.

#include <string>
#include <vector>

#include "podscale/gaussian/reference_forecast.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/encoded_period.hpp"

namespace podscale {

/// Collective. What the conditions of a period need of the base: predictors, and the climatology
/// of the LR cells over the training period, steps of lr. A LatentSpace over it can encode
/// periods.
LinearGaussian start_linear_gaussian(const Communicator& comm, const BaseOptions& options, const Basis& basis,
                                     const FieldSource& lr, std::span<const long> train, long block);

/// Collective. B = interpolation * P + D: P picks the projection of the interpolated LR anomaly
/// out of the condition, D is a ridge regression of what that leaves on the LR cells. The penalty
/// then shrinks towards interpolation, which a short training period can't beat, and not towards
/// climatology; the validation period chooses penalty and interpolation, the same for all patches.
/// Regression and residual covariance; no fields are read. The same bits at any number of ranks.
/// Without seasonal variance and calibration yet. base: as started, or one of its others, with the
/// times of its regime. gaps (optional): of the training series; a patch then counts, at a time,
/// by the share of its values that are there, and what is not seen of the residuals is added to
/// their covariance. Returns the residuals of the training period over their spread: [local
/// patches] each [times][modes].
PatchSeries finish_linear_gaussian(const Communicator& comm, const BaseOptions& options, const Basis& basis,
                            const EncodedPeriod& train, const EncodedPeriod& validate, long block,
                            LinearGaussian& base, const HrGapModel* gaps = nullptr);

/// Not collective. The scales of the conditions that all regimes share, from those of each.
void share_scales(const Basis& basis, LinearGaussian& base);

/// Collective. Both, for callers that need the encoded periods for nothing else and one regime
/// alone.
LinearGaussian fit_linear_gaussian(const Communicator& comm, const BaseOptions& options, const Basis& basis,
                                   const StudySeries& study, const std::vector<StepPair>& train,
                                   const std::vector<StepPair>& validate, long block);

}  // namespace podscale
