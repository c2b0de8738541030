#pragma once
// The denoiser of members of images (method: images): the whitened residual of each patch, given
// the features of its window and the residuals of the patches around it.

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "podscale/core/view.hpp"
#include "window_layer.hpp"

namespace podscale {

class WindowDenoiserImpl : public torch::nn::Module {
 public:
  /// modes: K of the residual. width: of the features, and of this network.
  WindowDenoiserImpl(int modes, int width, int layers);
  /// x: [N, K], the state at `angle` [tiles] of N patches in tiles of rows x columns; features:
  /// [N, W]. The velocity (schedule.hpp): [N, K], exactly 0 before training, so that members are
  /// then their start noise, which is the base.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& features, const torch::Tensor& angle,
                        idx_t rows, idx_t columns);

 private:
  torch::nn::Linear embed_{nullptr}, features_{nullptr}, time_{nullptr}, narrow_{nullptr}, mix_{nullptr},
      last_{nullptr};
  std::vector<WindowLayer> layers_;
};
TORCH_MODULE(WindowDenoiser);

}  // namespace podscale
