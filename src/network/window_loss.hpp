#pragma once
// What training of a window network minimises, with its derivatives in closed form.

#include <torch/types.h>

namespace podscale {

struct WindowLoss {
  torch::Tensor value;            ///< []
  torch::Tensor mean_gradient;    ///< [N, points] with respect to the mean
  torch::Tensor factor_gradient;  ///< [N] with respect to the log factor
};

/// Not collective. The mean over points of weight * (CRPS + likelihood_weight * spread * NLL), of
/// Gaussians of the given mean and of standard deviation spread * exp(log_factor) against the
/// target, all over the contrast: [N, points]; log_factor, weight: [N]. CRPS: Gneiting & Raftery
/// (2007), eq. 21. The negative log likelihood counts for the scale alone, times the base's spread
/// so that it is in the units of the CRPS: its mean would be ruled by the few windows of least
/// spread.
WindowLoss window_loss(const torch::Tensor& mean, const torch::Tensor& log_factor,
                       const torch::Tensor& spread, const torch::Tensor& target, const torch::Tensor& weight,
                       double likelihood_weight);

}  // namespace podscale
