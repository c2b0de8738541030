#pragma once
// Coverage of the conformal intervals that products carry.

#include <array>
#include <vector>

#include "podscale/stat/normal.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Share of truths, area-weighted, within mean +- half width * standard deviation, the half widths
/// those that held the coverage_levels on the times held out for them (Calibration::half_width).
class ConformalCoverage : public ScoreFamily {
 public:
  struct System {
    std::string name;
    std::size_t index;  ///< in ScoredTime::forecasts; has a variance
    std::array<double, 4> half_width;
  };
  /// Not collective. The same arguments on all ranks.
  ConformalCoverage(std::vector<System> products, long times);
  void add(const ScoredTime& fields) override;
  /// conformal_coverage(conformal_product, conformal_level).
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  std::vector<System> products_;
  // Sums of a time: [products][weight, covered at each level]
};

}  // namespace podscale
