#pragma once
// Forecasts: the scores of every system by lead.

#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Not collective. Days from the reference time to each time; empty unless all are forecasts and some
/// leads differ.
std::vector<double> leads_of(const SampleAxis& times);

/// RMSE, CRPS (Gaussian where there is a variance, else the absolute error), share of truths inside
/// the central 90 % and the ratio of mean squared error to mean variance, over all runs at a lead.
class LeadScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks. leads: of every time of the period, days.
  LeadScores(std::vector<VerifiedSystem> systems, std::vector<double> leads);
  void add(const ScoredTime& fields) override;
  /// lead_rmse, lead_crps, lead_coverage_90, lead_error_over_variance (lead, system), lead_times (lead).
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  std::vector<double> leads_;
  // Sums of a time: [systems][weight, squared error, CRPS, covered, variance]
};

}  // namespace podscale
