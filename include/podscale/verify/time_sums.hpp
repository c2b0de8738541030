#pragma once
// Sums over a period whose times and rows are dealt over ranks, the same bits at any number of ranks.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// `width` sums a time and strip (scored_rows.hpp). A time of a strip is added to on one rank only, so
/// that its reduction adds zeros to it and is exact. Strips then add up in their order, and totals in
/// the order of time.
class TimeSums {
 public:
  /// Not collective, but the same arguments on all ranks. One strip.
  TimeSums(long times, std::size_t width);
  /// Not collective, before the first addition. strips: of the region; mine: those of this rank.
  void split(long strips, Share mine);
  /// Not collective. [width], to be added to. strip: of this rank.
  std::span<double> at(long time, long strip = 0);
  /// Not collective. Of the region after reduce().
  std::span<const double> at(long time) const;
  /// Collective, once, after the last addition.
  void reduce(const Communicator& comm);
  /// Not collective, after reduce(). Over all times, [width].
  std::vector<double> total() const;
  std::size_t width() const { return width_; }
  long times() const { return times_; }

 private:
  long times_, strips_ = 1;
  Share mine_{0, 1};
  std::size_t width_;
  std::vector<double> sums_;  // [strips of this rank][times][width]; after reduce() [times][width]
};

/// Collective. sums: [strips of this rank][width] -> [width], over the strips of the region in their
/// order; in place. Each term of a strip is 0 but on one rank.
void add_strips(const Communicator& comm, long strips, Share mine, std::vector<double>& sums);

}  // namespace podscale
