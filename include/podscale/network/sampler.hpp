#pragma once
// Samplers over an abstract denoiser (method: section 3.11), on tensors [members][P][K]. Internal
// to the layer and its tests: includes Torch.

#include <torch/types.h>

#include <functional>

#include "podscale/network/model.hpp"

namespace podscale {

/// v(x, angle): the expected velocity given the state. A noise prediction eps is turned into v by
/// v = (eps - sin(angle) x) / cos(angle), see velocity_from_noise.
using Velocity = std::function<torch::Tensor(const torch::Tensor& x, double angle)>;
/// Fresh noise of the shape of the state for sampler step `step` (ancestral only).
using Noise = std::function<torch::Tensor(int step)>;

torch::Tensor velocity_from_noise(const torch::Tensor& noise, const torch::Tensor& x, double angle);

/// Not collective. From the start noise x (at the first of sampler_angles(steps)) to z0:
///   angle       dx/dangle = v by Adams-Bashforth 2 (first step Euler): with v = 0 the state never moves
///   dpm_solver  DPM-Solver++(2M): Lu et al. (2022), arXiv 2211.01095, algorithm 2; the last step is of
///               first order
///   ddim        Song et al. (2021), arXiv 2010.02502, eq. 12 with eta = 0
///   ancestral   Ho et al. (2020), arXiv 2006.11239, eq. 6-7 on the chosen angles
torch::Tensor run_sampler(SamplerKind kind, int steps, torch::Tensor x, const Velocity& velocity,
                          const Noise& noise);

}  // namespace podscale
