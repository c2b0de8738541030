#include "window_loss.hpp"

#include <torch/utils.h>

#include <cmath>
#include <numbers>

namespace podscale {

WindowLoss window_loss(const torch::Tensor& mean, const torch::Tensor& log_factor,
                       const torch::Tensor& spread, const torch::Tensor& target, const torch::Tensor& weight,
                       double likelihood_weight) {
  torch::NoGradGuard no_grad;
  constexpr double inverse_root_pi = std::numbers::inv_sqrtpi;
  const auto factor = log_factor.unsqueeze(1);
  const auto sigma = spread * torch::exp(factor);
  const auto z = (target - mean) / sigma, square = z.square();
  const auto both_sides = torch::erf(z * std::numbers::sqrt2 / 2);  // 2 Phi(z) - 1
  const auto twice_density = torch::exp(square * -0.5) * (inverse_root_pi * std::numbers::sqrt2);
  const auto of_sigma = twice_density - inverse_root_pi;  // dCRPS / dsigma
  const auto weights = weight.unsqueeze(1) / static_cast<double>(mean.numel());
  const auto crps = sigma * (z * both_sides + of_sigma);
  const auto likelihood = likelihood_weight * spread;
  return {((crps + likelihood * (factor + 0.5 * square)) * weights).sum(), -both_sides * weights,
          ((sigma * of_sigma + likelihood * (1 - square)) * weights).sum(1)};
}

}  // namespace podscale
