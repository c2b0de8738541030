#include "window_layer.hpp"

#include <torch/utils.h>

namespace podscale {

torch::Tensor normalised(const torch::Tensor& x) {
  return torch::layer_norm(x, {x.size(-1)}, {}, {}, 1e-6);
}

WindowLayerImpl::WindowLayerImpl(int width) {
  up_ = register_module("up", torch::nn::Linear(width, width));
  down_ = register_module("down", torch::nn::Linear(width, width));
}

torch::Tensor WindowLayerImpl::forward(const torch::Tensor& x) {
  return x + down_->forward(torch::gelu(up_->forward(normalised(x))));
}

}  // namespace podscale
