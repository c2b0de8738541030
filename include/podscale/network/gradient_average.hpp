#pragma once
// How the processes that train one network share samples and gradients: all that training needs to
// know of them. With MPI it is a communicator (src/network/trainer.cpp); without, OneProcess.

#include <span>

namespace podscale {

class GradientAverage {
 public:
  virtual ~GradientAverage() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Collective. Sums over the processes, element by element and in place, on the host; every
  /// process gets the same bits. Not called where size() is 1, as all that follow.
  virtual void sum(std::span<float> values) const = 0;
  virtual void sum(std::span<double>) const {}
  /// Collective. The largest, on every process; a NaN where one is NaN.
  virtual double max(double value) const { return value; }
  /// Collective. Process r gets `out_counts[r]` values, one process after another in `out`; what
  /// comes from each lies in `in` in the same way.
  virtual void exchange(std::span<const float>, std::span<const long>, std::span<float>,
                        std::span<const long>) const {}
};

/// A process that trains alone.
class OneProcess final : public GradientAverage {
 public:
  using GradientAverage::sum;
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void sum(std::span<float>) const override {}
};

}  // namespace podscale
