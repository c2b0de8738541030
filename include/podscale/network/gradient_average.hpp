#pragma once
// How the processes that train one network share their gradients: all that training needs to know of
// them. With MPI it is a communicator (src/network/trainer.cpp); without, OneProcess.

#include <span>

namespace podscale {

class GradientAverage {
 public:
  virtual ~GradientAverage() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Collective. Sums over the processes, element by element and in place, on the host; every
  /// process gets the same bits. Not called where size() is 1.
  virtual void sum(std::span<float> values) const = 0;
};

/// A process that trains alone.
class OneProcess final : public GradientAverage {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(std::span<float>) const override {}
};

}  // namespace podscale
