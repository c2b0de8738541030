#pragma once
// The layer that all parts of a window network are made of.

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

namespace podscale {

/// Each row less its mean and over its standard deviation.
torch::Tensor normalised(const torch::Tensor& x);

/// x + B gelu(A normalised(x)): B is 0 at first, so that a new layer is the identity.
class WindowLayerImpl : public torch::nn::Module {
 public:
  explicit WindowLayerImpl(int width);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear up_{nullptr}, down_{nullptr};
};
TORCH_MODULE(WindowLayer);

}  // namespace podscale
