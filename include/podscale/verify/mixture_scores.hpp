#pragma once
// Several realizations: what the mixture of their forecasts is worth, beside the Gaussian of its
// mean and variance that the table scores.

#include "podscale/verify/score_family.hpp"

namespace podscale {

/// CRPS of the mixture of equal weights in closed form (mixture_crps), that of the Gaussian, and
/// how much of the variance lies within and between the realizations. Of systems with
/// realizations.
class MixtureScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks.
  MixtureScores(std::vector<VerifiedSystem> systems, long times) : ScoreFamily(std::move(systems), times, 0) {
    sums_ = TimeSums(times, kWidth * systems_.size());
  }
  void add(const ScoredTime& fields) override;
  /// mixture_crps, mixture_gaussian_crps, mixture_within_variance, mixture_between_variance
  /// (system).
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  static constexpr std::size_t kWidth = 5;
  // Sums of a time: [systems][weight, CRPS of the mixture, of the Gaussian, within, between]
};

}  // namespace podscale
