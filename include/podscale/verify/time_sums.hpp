#pragma once
// Sums over a period whose times and rows are dealt over ranks, the same bits at any number of
// ranks.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// `width` sums a time. Of a region in strips (scored_rows.hpp) those of each strip are made
/// apart, on the rank that owns it, and close() adds them up in the order of the strips. Totals
/// run in the order of time.
class TimeSums {
 public:
  /// Not collective, but the same arguments on all ranks. One strip.
  TimeSums(long times, std::size_t width);
  /// Not collective, before the first addition. strips: of the region; ranks: those that own them,
  /// as share_of() deals them (none: this one alone), which must outlive this.
  void split(long strips, const Communicator* ranks);
  /// Not collective. [width], to be added to. strip: of this rank. Times come one after the other.
  std::span<double> at(long time, long strip = 0);
  /// Collective on `ranks`, once the strips of a time are complete: it is one time on the first of
  /// them.
  void close(long time);
  /// Not collective. Of the region, after reduce().
  std::span<const double> at(long time) const;
  /// Collective, once, after the last time. Each is on one rank only: adding zeros is exact.
  void reduce(const Communicator& comm);
  /// Not collective, after reduce(). Over all times, [width].
  std::vector<double> total() const;
  std::size_t width() const { return width_; }
  long times() const { return times_; }

 private:
  long times_;
  std::size_t width_;
  std::vector<double> sums_;  // [times][width]
  const Communicator* ranks_ = nullptr;
  long strips_ = 1;
  std::vector<double> of_strips_;  // [own strips][width] of the time that is being made
};

}  // namespace podscale
