#pragma once
// Coverage of the conformal intervals that products carry.

#include <array>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/verify/score_accumulator.hpp"
#include "podscale/verify/score_family.hpp"
#include "podscale/verify/time_sums.hpp"

namespace podscale {

/// Share of truths, area-weighted, within mean +- half width * standard deviation, the half widths those that
/// held the calibration_levels on the times held out for them (Calibration::half_width).
class ConformalCoverage : public ScoreFamily {
 public:
  struct System {
    std::string name;
    std::size_t index;  ///< in ScoredTime::forecasts; has a variance
    std::array<double, 4> half_width;
  };
  /// Not collective. The same arguments on all ranks.
  ConformalCoverage(std::vector<System> systems, long times);
  void add(const ScoredTime& fields) override;
  void reduce(const Communicator& comm) override;
  /// conformal_coverage(conformal_product, conformal_level).
  ScoreSection section() const override;

 private:
  std::vector<System> systems_;
  TimeSums sums_;  // [systems][weight, covered at each level]
};

}  // namespace podscale
