#include "denoiser_graph.hpp"

#include "podscale/core/error.hpp"

#ifdef PODSCALE_CUDA_GRAPHS
#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/cuda.h>
#include <torch/utils.h>

namespace podscale {
namespace {

/// Weights in bfloat16 are made within the pass: one kept from before would hide that weights
/// change.
class NoCastsKept {
 public:
  NoCastsKept() : before_(at::autocast::is_autocast_cache_enabled()) {
    at::autocast::set_autocast_cache_enabled(false);
  }
  ~NoCastsKept() { at::autocast::set_autocast_cache_enabled(before_); }
  NoCastsKept(const NoCastsKept&) = delete;
  NoCastsKept& operator=(const NoCastsKept&) = delete;

 private:
  bool before_;
};

}  // namespace

struct DenoiserGraph::Recording {
  torch::Tensor x, condition, angle, year_phase, prediction;  // where the graph reads and writes
  at::cuda::CUDAGraph graph;
};

bool DenoiserGraph::available(const torch::Device& device) {
  return device.is_cuda();
}

DenoiserGraph::DenoiserGraph(Denoiser& network, const TokenLayout& layout, int members, Precision precision,
                             const torch::Device& device)
    : members_(members), precision_(precision) {
  torch::NoGradGuard no_grad;
  const NoCastsKept no_casts_kept;
  const c10::cuda::CUDAGuard on(device);
  const auto options = torch::TensorOptions(torch::kFloat).device(device);
  const std::int64_t p = layout.tokens, k = layout.modes, c = layout.condition;
  recording_ = std::make_unique<Recording>();
  Recording& r = *recording_;
  r.x = torch::zeros({members, p, k}, options);
  r.condition = torch::zeros({p, c}, options);
  r.angle = torch::ones({1}, options);
  r.year_phase = torch::zeros({1}, options);
  const auto pass = [&] {
    return network.forward(r.x, r.condition.unsqueeze(0).expand({members, p, c}), r.angle, r.year_phase)
        .to(torch::kFloat);
  };
  // Recording wants a stream of its own, and there all that is made once must exist: kernels
  // loaded, workspaces of cuBLAS.
  torch::cuda::synchronize();
  {
    const c10::cuda::CUDAStreamGuard aside(c10::cuda::getStreamFromPool(false, device.index()));
    for (int i = 0; i < 3; ++i) pass();
    torch::cuda::synchronize();
    r.graph.capture_begin();
    r.prediction = pass();
    r.graph.capture_end();
  }
  torch::cuda::synchronize();
}

void DenoiserGraph::set(const torch::Tensor& condition, const torch::Tensor& year_phase) {
  recording_->condition.copy_(condition);
  recording_->year_phase.copy_(year_phase);
}

torch::Tensor DenoiserGraph::forward(const torch::Tensor& x, double angle) {
  Recording& r = *recording_;
  r.x.copy_(x);
  r.angle.fill_(angle);
  r.graph.replay();
  return r.prediction.clone();  // the next pass writes where this one did
}

#else

namespace podscale {

struct DenoiserGraph::Recording {};

bool DenoiserGraph::available(const torch::Device&) {
  return false;
}
DenoiserGraph::DenoiserGraph(Denoiser&, const TokenLayout&, int members, Precision precision,
                             const torch::Device& device)
    : members_(members), precision_(precision) {
  fail(ExitCode::bug, "this build records no CUDA graph, on {} or elsewhere", device.str());
}
void DenoiserGraph::set(const torch::Tensor&, const torch::Tensor&) {}
torch::Tensor DenoiserGraph::forward(const torch::Tensor& x, double) {
  return x;
}
#endif

DenoiserGraph::~DenoiserGraph() = default;

bool DenoiserGraph::is_of(int members, Precision precision) const {
  return members == members_ && precision == precision_;
}

}  // namespace podscale
