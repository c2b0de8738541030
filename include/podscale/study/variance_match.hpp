#pragma once
// By how much the anomalies of one LR series are to be scaled to vary as another's do, by cell and
// season (doc/method.md: 7.3).

#include <span>
#include <vector>

#include "podscale/study/lr_statistics.hpp"

namespace podscale {

/// Ratio of standard deviations. Some years tell little of the ratio of one cell in one season, so
/// that the logarithms are drawn to their means over the region, as far as chance alone would have
/// them apart: by the share of their variance over the cells that is more than the chance of both
/// series.
class VarianceMatch {
 public:
  VarianceMatch() = default;
  /// Not collective. cells: [points] 1: in use.
  VarianceMatch(const LrStatistics& training, const LrStatistics& own, std::span<const unsigned char> cells);
  /// Not collective. At the phase whose harmonic_basis of kHarmonics is given; at most 4, and 1
  /// where one of the two does not vary.
  double ratio(std::size_t value, std::span<const double> basis) const;
  static constexpr int kHarmonics = 2;
  /// What is kept of the cells' own: of the mean over the year, and of the months' distances from
  /// it; of the first channel.
  double annual_share() const { return annual_share_; }
  double monthly_share() const { return monthly_share_; }

 private:
  long values_ = 0;
  std::vector<float> curves_;  // [1 + 2 kHarmonics][values] of the logarithm; NaN where there is none
  double annual_share_ = 1, monthly_share_ = 1;
};

}  // namespace podscale
