#pragma once
// Pixel variance from latent covariance in closed form: diag(Phi Sigma Phi^T) + tau (method: section 4.13).
// Members are never decoded for it.

#include <span>
#include <vector>

#include "podscale/pod/pod.hpp"

namespace podscale {

/// Mean and covariance of the tokens of one patch from M members. Not collective. members: [M] pointers to K
/// standardised values; scale: [K] K. mean: [modes] K; covariance: [modes x modes] K2, divided by M - 1.
struct LatentMoments {
  std::vector<double> mean, covariance;
};
LatentMoments latent_moments(std::span<const float* const> members, std::span<const double> scale, int modes);

/// diag(Phi Sigma Phi^T) of one patch: [d] K2. covariance: [modes x modes] symmetric positive semi-definite.
std::vector<double> retained_variance(const PatchModes& patch, std::span<const double> covariance);

}  // namespace podscale
