#pragma once
// Scores against the age of the HR analysis that the product was told of.

#include <vector>

#include "podscale/verify/score_family.hpp"

namespace podscale {

/// RMSE, CRPS and coverage of the 90 % interval of every system, over the times of each age; the CRPS
/// of a system without variance is its mean absolute error.
class AgeScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks. ages: [times] days, NaN without an analysis.
  AgeScores(std::vector<VerifiedSystem> systems, std::vector<double> ages);
  void add(const ScoredTime& fields) override;
  /// rmse_by_age(age_group, system), crps_by_age, coverage_90_by_age, times_by_age(age_group); the age
  /// of times without an analysis is missing.
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  std::vector<double> ages_;
  // Sums of a time: [systems][weight, squared error, CRPS, covered]
};

}  // namespace podscale
