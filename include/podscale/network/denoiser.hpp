#pragma once
// The Vision Transformer over tokens (method: section 3.9; Peebles & Xie 2023 for adaLN-zero).
// Internal to the layer and its tests: includes Torch.

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "podscale/network/model.hpp"

namespace podscale {

/// Attention and MLP, each modulated by the conditioning vector through a zero-initialised linear
/// map (adaLN-zero), so that a new block is the identity.
class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(int width, int heads, double dropout);
  /// x: [B, P, W]; e: [B, W].
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& e);

 private:
  int heads_;
  double dropout_;
  torch::nn::Linear modulation_{nullptr}, qkv_{nullptr}, project_{nullptr}, up_{nullptr}, down_{nullptr};
};
TORCH_MODULE(Block);

class Denoiser : public torch::nn::Module {
 public:
  Denoiser(const TokenLayout& layout, const ModelOptions& options);
  /// x: [B, P, K]; condition: [B, P, C]; angle, year_phase: [B], or [1] for all. The prediction
  /// (noise or velocity): [B, P, K], exactly 0 for inactive modes, and for all of them before
  /// training.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition, const torch::Tensor& angle,
                        const torch::Tensor& year_phase);
  /// The Gaussian head: mean and log-variance of the clean latents given the condition alone, [B,
  /// P, K] each; both exactly 0 before training, which is the base. The same blocks see x = 0 at
  /// angle = pi/2, where a state carries no information.
  struct Head {
    torch::Tensor mean, log_variance;
  };
  Head head(const torch::Tensor& condition, const torch::Tensor& year_phase);
  /// Weights ~ N(0, 1/fan_in) from the counter-based generator, the same on any rank; biases and
  /// zero-initialised maps 0.
  void initialise(std::uint64_t seed);
  const torch::Tensor& active() const { return active_; }  ///< [P, K] 0 or 1
  int age() const { return age_at_; }  ///< see TokenLayout

 private:
  torch::Tensor trunk(const torch::Tensor& x, const torch::Tensor& condition, const torch::Tensor& angle,
                      const torch::Tensor& year_phase);
  double dropout_;
  int age_at_;
  torch::Tensor active_, position_features_;
  torch::nn::Linear embed_{nullptr}, position_{nullptr}, time_up_{nullptr}, time_down_{nullptr},
      season_{nullptr};
  torch::nn::Linear last_modulation_{nullptr}, last_{nullptr}, head_{nullptr};
  torch::nn::Linear age_{nullptr};  // where conditions hold the age of an HR analysis
  std::vector<Block> blocks_;
};

}  // namespace podscale
