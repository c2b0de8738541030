#pragma once
// What a transformer block does between its matrix products, on a CPU in float32: one pass over
// the values each, with the bias of the product before it, and gradients to match. Internal to the
// layer and its tests: includes Torch.

#include <torch/types.h>

#include <utility>

namespace podscale {

/// Not collective. Whether the operators below, and cpu_attention, can take the place of Torch's:
/// all is float32 on the CPU, no autocast is on, and no PlainOperators lives.
bool takes_cpu_operators(const torch::Tensor& x, const torch::Tensor& weight);

/// Torch's own operators on this thread, for as long as it lives: of tests and benchmarks.
class PlainOperators {
 public:
  PlainOperators();
  ~PlainOperators();
  PlainOperators(const PlainOperators&) = delete;
  PlainOperators& operator=(const PlainOperators&) = delete;

 private:
  bool before_;
};

/// x: [B, P, W], contiguous; shift, scale and gate: [B, W] or [1, W] for all samples, rows with
/// any stride. None is collective.

/// Layer norm of each token without weights, times 1 + scale, plus shift: [B, P, W].
torch::Tensor modulated(const torch::Tensor& x, const torch::Tensor& shift, const torch::Tensor& scale,
                        double epsilon);
/// x + gate * (y + bias): [B, P, W]; bias [W] may be undefined.
torch::Tensor gated(const torch::Tensor& x, const torch::Tensor& gate, const torch::Tensor& y,
                    const torch::Tensor& bias);
/// gated(x, gate, y, bias), and modulated() of that.
std::pair<torch::Tensor, torch::Tensor> gated_modulated(const torch::Tensor& x, const torch::Tensor& gate,
                                                        const torch::Tensor& y, const torch::Tensor& bias,
                                                        const torch::Tensor& shift,
                                                        const torch::Tensor& scale, double epsilon);
/// GELU by the error function of x + bias: x of any shape, contiguous, bias of its last dimension.
torch::Tensor biased_gelu(const torch::Tensor& x, const torch::Tensor& bias);

}  // namespace podscale
