#pragma once
// A denoiser's forward pass recorded once as a CUDA graph, and replayed: one launch instead of the
// hundred or so of its kernels, which cost more than the arithmetic of a small network.

#include <memory>

#include "podscale/network/denoiser.hpp"

namespace podscale {

/// Of one number of members and one precision, which are fixed as it is made. Weights may change
/// between replays: they are read where they lie. The precision must be in force (see Arithmetic)
/// when it is made.
class DenoiserGraph {
 public:
  /// Not collective. Whether this build records on that device.
  static bool available(const torch::Device& device);

  /// Not collective. network must outlive it, its weights must stay in place, and it drops nothing
  /// out.
  DenoiserGraph(Denoiser& network, const TokenLayout& layout, int members, Precision precision,
                const torch::Device& device);
  ~DenoiserGraph();
  bool is_of(int members, Precision precision) const;
  /// Of the passes that follow: condition [P, C], year_phase [1].
  void set(const torch::Tensor& condition, const torch::Tensor& year_phase);
  /// The prediction for x [members, P, K], in float32.
  torch::Tensor forward(const torch::Tensor& x, double angle);

 private:
  struct Recording;
  int members_;
  Precision precision_;
  std::unique_ptr<Recording> recording_;
};

}  // namespace podscale
