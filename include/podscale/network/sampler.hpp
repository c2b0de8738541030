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
class SamplerPath {
 public:
  SamplerPath(SamplerKind kind, int steps, torch::Tensor start);
  int steps() const { return static_cast<int>(angle_.size()) - 1; }
  bool done() const { return at_ == steps(); }
  /// The next step: between steps x may be changed from outside.
  void step(const Velocity& velocity, const Noise& noise);
  torch::Tensor x;

 private:
  void angle_step(const torch::Tensor& v, double from, double to);
  void dpm_step(const torch::Tensor& z0, double from, double to);
  void ancestral_step(const torch::Tensor& z0, double from, double to, const Noise& noise);
  SamplerKind kind_;
  std::vector<double> angle_;
  int at_ = 0;
  torch::Tensor previous_;
  double previous_h_ = 0;
};
/// Not collective. All steps of a SamplerPath.
torch::Tensor run_sampler(SamplerKind kind, int steps, torch::Tensor x, const Velocity& velocity,
                          const Noise& noise);

}  // namespace podscale
