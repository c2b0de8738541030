#pragma once
// Gradients of the parts of a batch, whose sum is the same bits whoever computed which.

#include <span>
#include <vector>

#include "podscale/network/gradient_average.hpp"

namespace podscale {

/// Every part is rounded to multiples of one power of two, so far below the largest value that any
/// order of adding them up in double precision is exact. That takes 2^-50 of the largest value of
/// all parts at the least, where a float keeps 2^-24 of each.
class UnitGradients {
 public:
  /// processes must outlive it. parts: of the whole batch, over all processes.
  UnitGradients(const GradientAverage& processes, int parts) : processes_(&processes), parts_(parts) {}
  void clear() { count_ = 0; }
  /// Memory of steps before is used again.
  void add(std::span<const float> gradient) {
    if (count_ == mine_.size()) mine_.emplace_back();
    mine_[count_++].assign(gradient.begin(), gradient.end());
  }
  /// Collective. The mean of all parts; NaN throughout where a value is not finite.
  void mean(std::span<float> out) const;

 private:
  const GradientAverage* processes_;
  int parts_;
  std::size_t count_ = 0;
  std::vector<std::vector<float>> mine_;  // the first count_ are of this step
};

}  // namespace podscale
