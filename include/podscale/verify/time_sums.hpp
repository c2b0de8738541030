#pragma once
// Sums over a period whose times are dealt over ranks, the same bits at any number of ranks.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// `width` sums a time. A time is added to on one rank only, so the reduction adds zeros to it and
/// is exact; totals then run in the order of time.
class TimeSums {
 public:
  /// Not collective, but the same arguments on all ranks.
  TimeSums(long times, std::size_t width);
  /// Not collective. [width], to be added to.
  std::span<double> at(long time);
  std::span<const double> at(long time) const;
  /// Collective, once, after the last addition.
  void reduce(const Communicator& comm);
  /// Not collective, after reduce(). Over all times, [width].
  std::vector<double> total() const;
  std::size_t width() const { return width_; }
  long times() const { return times_; }

 private:
  long times_;
  std::size_t width_;
  std::vector<double> sums_;  // [times][width]
};

}  // namespace podscale
