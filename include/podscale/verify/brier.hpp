#pragma once
// Probabilities of an event: Brier score, its skill against the training frequency, reliability
// diagram.

#include <array>
#include <vector>

#include "podscale/verify/exceedance_event.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

inline constexpr std::size_t probability_bins = 10;

/// Not collective. P(x > limit) for x ~ N(mean, variance); 1 or 0 where the variance is 0 (or
/// less).
double exceedance_probability(double mean, double variance, double limit, double degrees_of_freedom = 0);

/// Scores of one system. All are weighted means over points and times; NaN where nothing entered.
struct BrierSummary {
  double score = 0;  ///< mean (p - o)^2: Brier (1950), Mon. Weather Rev. 78, 1-3
  double skill = 0;  ///< 1 - score / score of the training frequency
  double reliability = 0, resolution = 0, uncertainty = 0;  ///< Murphy (1973), J. Appl. Meteorol. 12, 595-600
  std::array<double, probability_bins> forecast{}, observed{}, share{};  ///< the diagram, bin by bin
};

/// For every system: Gaussian probabilities where it has a variance, else 0 or 1.
class BrierScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks. year_fractions: of every time of the period.
  BrierScores(std::vector<VerifiedSystem> systems, ExceedanceEvent event, std::vector<double> year_fractions);
  void add(const ScoredTime& fields) override;
  /// brier_score, brier_skill_score, brier_reliability, brier_resolution(system),
  /// brier_uncertainty, event_frequency, event_training_frequency; forecast_probability,
  /// observed_frequency, probability_share(system, probability_bin).
  ScoreSection section(const ScoreUnits& units) const override;
  /// Not collective, after reduce().
  BrierSummary summary(std::size_t system) const;

 private:
  ExceedanceEvent event_;
  std::vector<double> year_fractions_;
  std::vector<double> limits_, frequency_;  // [own points] of the time that is being added
  // Sums of a time: common [weight, observed, reference, reference score], then a system's own
};

}  // namespace podscale
