#pragma once
// Scores against the age of the HR analysis that the product was told of.

#include "podscale/verify/grouped_scores.hpp"

namespace podscale {

class AgeScores : public GroupedScores {
 public:
  /// Not collective. The same arguments on all ranks. ages: [times] days, NaN without an analysis.
  AgeScores(std::vector<VerifiedSystem> systems, const std::vector<double>& ages);
  /// rmse_by_age(age_group, system), crps_by_age, coverage_90_by_age, times_by_age(age_group); the
  /// age of times without an analysis is missing.
  ScoreSection section(const ScoreUnits& units) const override;
};

}  // namespace podscale
