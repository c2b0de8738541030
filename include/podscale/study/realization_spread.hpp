#pragma once
// Several realizations on their way through the downscaling: in which blocks, and what they are
// together.

#include <map>
#include <span>
#include <vector>

#include "podscale/core/sample_layout.hpp"
#include "podscale/study/product_file.hpp"

namespace podscale {

/// Not collective. The samples in blocks of at most `block`, or one of a time where that is less:
/// the same times of as many realizations as fit, so that those of short runs share a block of
/// work items. All realizations of a stretch of times come before the next one.
std::vector<std::vector<std::size_t>> blocks_of_samples(const SampleLayout& layout, std::size_t block);

/// Not collective. The samples of an axis in the order of time, for what is said of all together.
SampleAxis in_order_of_time(const SampleAxis& axis);

/// Mean and variance of the realizations of a time, by Welford's updates in the order of
/// realizations: the same bits at any number of ranks.
class SpreadSums {
 public:
  /// Not collective. layout must outlive it; points: of a rank.
  SpreadSums(const SampleLayout& layout, std::size_t points) : layout_(&layout), points_(points) {}
  /// Not collective. mean, variance: [samples][points]. Returns the times of layout.times that now
  /// have all their realizations.
  std::vector<std::size_t> add(std::span<const std::size_t> samples, std::span<const double> mean,
                               std::span<const double> variance);
  /// Not collective. Of a time that has all its realizations, once.
  RealizationSpread take(std::size_t time);
  /// Not collective. Whether no time lacks some of its realizations.
  bool empty() const { return sums_.empty(); }

 private:
  struct Sums {
    std::size_t count = 0;
    RealizationSpread spread;  // between: the sum of squares
  };
  const SampleLayout* layout_;
  std::size_t points_;
  std::map<SampleCell, std::size_t> time_of_{};
  std::map<std::size_t, Sums> sums_{};
};

}  // namespace podscale
