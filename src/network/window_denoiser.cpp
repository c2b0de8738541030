#include "window_denoiser.hpp"

#include <torch/utils.h>

#include <cmath>
#include <numbers>

namespace podscale {
namespace {

constexpr int kTimeFeatures = 32;
constexpr int kMixed = 16;  // values of a patch that its neighbours see of its inner state

/// Of each patch of a tile the values of the 3 x 3 patches about it, 0 outside the tile: [N, 9 C].
torch::Tensor with_neighbours(const torch::Tensor& x, idx_t rows, idx_t columns) {
  const auto channels = x.size(1);
  const auto padded = torch::constant_pad_nd(x.view({-1, rows, columns, channels}), {0, 0, 1, 1, 1, 1});
  std::vector<torch::Tensor> parts;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) parts.push_back(padded.narrow(1, r, rows).narrow(2, c, columns));
  return torch::cat(parts, 3).view({-1, 9 * channels});
}

/// Sines and cosines of the angle at octaves of the quarter turn: [tiles, kTimeFeatures].
torch::Tensor time_features(const torch::Tensor& angle) {
  constexpr int half = kTimeFeatures / 2;
  const auto frequency = torch::pow(2.0, torch::arange(half, angle.options()) * 0.5);
  const auto turns = angle.unsqueeze(1) * frequency.unsqueeze(0);
  return torch::cat({torch::sin(turns), torch::cos(turns)}, 1);
}

}  // namespace

WindowDenoiserImpl::WindowDenoiserImpl(int modes, int width, int layers) {
  // One more value is 1 inside the tile, so that its edge is known from a residual of 0.
  embed_ = register_module("embed", torch::nn::Linear(9 * (modes + 1), width));
  features_ = register_module("features", torch::nn::Linear(width, width));
  time_ = register_module("time", torch::nn::Linear(kTimeFeatures, width));
  for (int i = 0; i < layers; ++i)
    layers_.push_back(register_module("layer" + std::to_string(i), WindowLayer(width)));
  narrow_ = register_module("narrow", torch::nn::Linear(width, kMixed));
  mix_ = register_module("mix", torch::nn::Linear(9 * kMixed, width));
  last_ = register_module("last", torch::nn::Linear(width, modes));
}

torch::Tensor WindowDenoiserImpl::forward(const torch::Tensor& x, const torch::Tensor& features,
                                          const torch::Tensor& angle, idx_t rows, idx_t columns) {
  const auto inside = torch::ones({x.size(0), 1}, x.options());
  const auto of_time = time_->forward(time_features(angle));
  const auto width = of_time.size(1);
  auto h = embed_->forward(with_neighbours(torch::cat({x, inside}, 1), rows, columns)) +
           features_->forward(normalised(features)) +
           of_time.unsqueeze(1).expand({angle.size(0), rows * columns, width}).reshape({x.size(0), width});
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    h = layers_[i]->forward(h);
    if (i == 0) h = h + mix_->forward(with_neighbours(narrow_->forward(h), rows, columns));
  }
  return last_->forward(normalised(h));
}

}  // namespace podscale
