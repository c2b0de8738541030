#pragma once
// Seams: whether a field jumps more across the borders of the patches than elsewhere.

#include <vector>

#include "podscale/parallel/decomposition.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Mean of |f(i) - f(j)| over neighbouring ocean points i, j in different patches, over the same
/// inside patches; of the mean of every system, of its first member where it has some, and of the
/// truth. Without a seam it is that of the truth, near 1.
class SeamScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks.
  SeamScores(const Mesh& mesh, const Decomposition& decomposition, std::vector<VerifiedSystem> systems,
             long times);
  void add(const ScoredTime& fields) override;
  /// seam_ratio(system), seam_ratio_member(system), seam_ratio_truth.
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  void add_field(std::span<const float> field, const ScoredTime& fields, std::span<double> sums) const;
  long ny_, nx_;
  std::vector<long> patch_of_row_, patch_of_column_;
  // Sums of a time: [truth, then mean and member of each system][jump across, pairs, jump inside,
  // pairs]
};

}  // namespace podscale
