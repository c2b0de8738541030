#pragma once
// The score that selects the weights (method: section 3.10): area-weighted CRPS of anomalies (over
// the scale of their channel, see Basis) on a fixed subset of the validation period: that of the
// Gaussian of the head, or the fair one of members with fixed noise.

#include <cstdint>
#include <vector>

#include "podscale/study/anomaly.hpp"
#include "podscale/study/downscaling.hpp"
#include "podscale/study/encoded_period.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// With a base, a network has to beat it by more than chance: the score is that of the base plus
/// the mean difference plus one standard error of it, from the means of up to 24 blocks of
/// consecutive times, since neighbouring times are alike. Step 0, which is the base, has its own
/// score exactly. Times with an HR analysis and those without are judged by themselves: where the
/// network loses to the base it counts as the base, which will serve them.
class ValidationSubset {
 public:
  /// Times of one regime of the reference forecast, and the inflation of that regime's base, so
  /// that step 0 is the calibrated base.
  struct Part {
    const LatentSpace* space;
    Inflation inflation;
    EncodedPeriod period;
  };
  /// Collective. Keeps the periods of the parts; their fields are read for each score, at most
  /// `block` at once. comm, study and the spaces of the parts must outlive
  /// it. members: of a time, all in one work item; seed: of the sampler. gaps: allowed ones are
  /// left out of a score, and times without any value. exchange_halos: of tiles, as in the
  /// product.
  ValidationSubset(const Communicator& comm, const StudySeries& study, std::vector<Part> parts, int members,
                   std::uint64_t seed, bool head, long block, Gaps gaps = Gaps::refused,
                   bool exchange_halos = true);
  /// Collective; the same value on every rank and at any number of ranks. Not finite where the
  /// network gives no number at some time.
  double score(const NetworkFunctions& network) const;

 private:
  /// The area-weighted score of every time, NaN where it has no value: the same on every rank.
  std::vector<double> scores(const NetworkFunctions& network) const;
  void score_part(std::size_t part, const NetworkFunctions& network, std::span<double> of_patches) const;

  const Communicator* comm_;
  const StudySeries* study_;
  std::vector<Part> parts_;
  std::vector<std::vector<std::size_t>> place_;  // of the times of a part, among all
  std::size_t times_ = 0, without_history_ = 0;  // of all parts; those come first
  long block_;
  EnsemblePlan plan_;
  bool head_;
  Gaps gaps_;
  std::vector<double> base_scores_;  // [times]; empty without a base
};

/// `times` of the pairs, evenly spread.
std::vector<StepPair> spread(const std::vector<StepPair>& pairs, long times);

}  // namespace podscale
