#pragma once
// Forecasts: the scores of every system by lead.

#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/verify/grouped_scores.hpp"

namespace podscale {

/// Not collective. Days from the reference time to each time; empty unless all are forecasts and
/// some leads differ.
std::vector<double> leads_of(const SampleAxis& times);

class LeadScores : public GroupedScores {
 public:
  /// Not collective. The same arguments on all ranks. leads: of every time of the period, days.
  LeadScores(std::vector<VerifiedSystem> systems, std::vector<double> leads)
      : GroupedScores(std::move(systems), std::move(leads)) {}
  /// Over all runs at a lead: lead_rmse, lead_crps, lead_coverage_90, lead_error_over_variance
  /// (lead, system), lead_times (lead).
  ScoreSection section(const ScoreUnits& units) const override;
};

}  // namespace podscale
