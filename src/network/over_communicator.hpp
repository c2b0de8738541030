#pragma once
// Gradients that meet over a communicator. Private to this folder.

#include "podscale/network/gradient_average.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

class OverCommunicator : public GradientAverage {
 public:
  /// comm must outlive it.
  explicit OverCommunicator(const Communicator& comm) : comm_(&comm) {}
  int rank() const override { return comm_->rank(); }
  int size() const override { return comm_->size(); }
  void sum(std::span<float> values) const override { comm_->sum(values); }

 private:
  const Communicator* comm_;
};

}  // namespace podscale
