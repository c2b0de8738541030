#pragma once
// The Vision Transformer over tokens (method: section 3.9; Peebles & Xie 2023 for adaLN-zero).
// Internal to the layer and its tests: includes Torch.

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/network/model.hpp"

namespace podscale {

/// Attention and MLP, each modulated by the conditioning vector through a zero-initialised linear
/// map (adaLN-zero), so that a new block is the identity.
class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(int width, int heads, double dropout);
  /// x: [B, P, W]; e: [B, W]; absent: see TokenView.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& e, const torch::Tensor& absent = {});

 private:
  torch::Tensor dropped(const torch::Tensor& y) const;
  torch::Tensor on_cpu(const torch::Tensor& x, const std::vector<torch::Tensor>& m,
                       const torch::Tensor& absent);
  int heads_;
  double dropout_;
  torch::nn::Linear modulation_{nullptr}, qkv_{nullptr}, project_{nullptr}, up_{nullptr}, down_{nullptr};
};
TORCH_MODULE(Block);

/// The tokens that a pass is over: of the region, or of tiles.
struct TokenView {
  torch::Tensor active;    ///< [P, K] or [B, P, K]: 0 or 1
  torch::Tensor position;  ///< features: [P, F] or [B, P, F]
  torch::Tensor absent;    ///< [B, 1, 1, P]: 0, or minus infinity where a sample has no token; undefined: none
  torch::Tensor own;       ///< [B, P, 1]: 1 where a tile's own token counts, or a global one; undefined: all
};

class Denoiser : public torch::nn::Module {
 public:
  Denoiser(const TokenLayout& layout, const ModelOptions& options);
  /// x: [B, P, K]; condition: [B, P, C]; angle, year_phase: [B], or [1] for all. The prediction
  /// (noise or velocity): [B, P, K], exactly 0 for inactive modes, and for all of them before
  /// training.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition, const torch::Tensor& angle,
                        const torch::Tensor& year_phase) {
    return forward(x, condition, angle, year_phase, all_);
  }
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& condition, const torch::Tensor& angle,
                        const torch::Tensor& year_phase, const TokenView& tokens);
  /// The Gaussian head: mean and log-variance of the clean latents given the condition alone, [B,
  /// P, K] each; both exactly 0 before training, which is the base. The same blocks see x = 0 at
  /// angle = pi/2, where a state carries no information.
  struct Head {
    torch::Tensor mean, log_variance;
  };
  Head head(const torch::Tensor& condition, const torch::Tensor& year_phase) {
    return head(condition, year_phase, all_);
  }
  Head head(const torch::Tensor& condition, const torch::Tensor& year_phase, const TokenView& tokens);
  /// Where the network works on tiles: those of a sample each, padded to the most tokens.
  TokenView view_of(std::span<const Tile* const> tiles) const;
  /// Weights ~ N(0, 1/fan_in) from the counter-based generator, the same on any rank; biases and
  /// zero-initialised maps 0.
  void initialise(std::uint64_t seed);
  /// The whole region. Of a network that works on tiles its positions lack those within a tile.
  const TokenView& all() const { return all_; }
  const torch::Tensor& active() const { return all_.active; }  ///< [P, K] 0 or 1
  int age() const { return age_at_; }  ///< see TokenLayout

 private:
  torch::Tensor through_blocks(const torch::Tensor& x, const torch::Tensor& e, const torch::Tensor& absent);
  torch::Tensor trunk(const torch::Tensor& x, const torch::Tensor& condition, const torch::Tensor& angle,
                      const torch::Tensor& year_phase, const TokenView& tokens);
  double dropout_;
  int age_at_;
  TokenView all_;
  torch::nn::Linear embed_{nullptr}, position_{nullptr}, time_up_{nullptr}, time_down_{nullptr},
      season_{nullptr};
  torch::nn::Linear last_modulation_{nullptr}, last_{nullptr}, head_{nullptr};
  torch::nn::Linear age_{nullptr};  // where conditions hold the age of an HR analysis
  std::vector<Block> blocks_;
};

}  // namespace podscale
