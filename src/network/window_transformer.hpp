#pragma once
// The network of images (method: images): layers that see one window each, then attention between
// the patches of a tile, then a correction of the base's mean and of its scale.

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/network/window_training.hpp"
#include "window_denoiser.hpp"

namespace podscale {

/// Attention between the patches of a tile, with a bias for each pair of relative positions (Liu
/// et al. 2021, Swin transformer, eq. 4), then a layer. The identity at first.
class TileBlockImpl : public torch::nn::Module {
 public:
  TileBlockImpl(int width, int heads, int tile);
  /// x: [tiles, rows * columns, W] with rows, columns <= tile.
  torch::Tensor forward(const torch::Tensor& x, idx_t rows, idx_t columns);

 private:
  int heads_, tile_;
  torch::nn::Linear qkv_{nullptr}, project_{nullptr};
  torch::Tensor position_;  // [heads, (2 tile - 1)^2]
  WindowLayer layer_{nullptr};
};
TORCH_MODULE(TileBlock);

class WindowTransformer : public torch::nn::Module {
 public:
  explicit WindowTransformer(const WindowModelOptions& options);
  /// Of N windows in tiles of rows x columns patches. cells: [N, cells] over the contrast;
  /// scalars: [N, 2], see window_scalars(). Features: [N, W].
  torch::Tensor features(const torch::Tensor& cells, const torch::Tensor& scalars, idx_t rows, idx_t columns);
  struct Correction {
    torch::Tensor mean;        ///< [N, points] over the contrast
    torch::Tensor log_factor;  ///< [N] on the scale, bounded
  };
  /// Exactly 0 before training, which is the base.
  Correction head(const torch::Tensor& features);
  /// Of members; options().members only.
  WindowDenoiserImpl& denoiser() { return *denoiser_; }
  /// Weights ~ N(0, 1/fan_in) from the counter-based generator, the same on any rank; biases and
  /// zero-initialised maps 0.
  void initialise(std::uint64_t seed);
  const WindowModelOptions& options() const { return options_; }

 private:
  WindowModelOptions options_;
  torch::nn::Linear embed_{nullptr}, scalars_{nullptr}, head_{nullptr};
  std::vector<WindowLayer> layers_;
  std::vector<TileBlock> blocks_;
  WindowDenoiser denoiser_{nullptr};
};

/// Not collective. Whether the parameter of that name lets patches see each other, beside the
/// layers that see one window.
bool is_of_attention(const std::string& name);

/// Not collective. Of mean and contrast over the range: the mean and the log contrast, about
/// standardised, [N, 2].
torch::Tensor window_scalars(const torch::Tensor& mean, const torch::Tensor& contrast);

}  // namespace podscale
