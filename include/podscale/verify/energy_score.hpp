#pragma once
// Energy score: the CRPS of a whole field, which sees whether members have the right structure in
// space.

#include <span>
#include <vector>

#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Not collective. Fair energy score of M members against y, in the unit of y,
///   1/M sum_i ||x_i - y||  -  1/(2 M (M-1)) sum_i sum_j ||x_i - x_j||,
/// Gneiting & Raftery (2007), J. Am. Stat. Assoc. 102, eq. 22 with beta = 1, in negative
/// orientation, with the divisor of Ferro (2014) that makes its expectation independent of M; it
/// may be negative. The norm is sqrt(sum_k w_k d_k^2 / sum_k w_k), so that one point gives the
/// fair CRPS and the number of points does not matter to the scale. M = 1: the distance. members:
/// [M][d], y, weights (>= 0): [d].
double fair_energy_score(std::span<const float> members, std::span<const float> y,
                         std::span<const double> weights);

/// Mean over the windows free of land and gaps, and of the whole field, area-weighted.
/// Deterministic systems: the distance of their mean; NaN for a system with a variance but no
/// members.
class EnergyScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks. window: side of the windows, points; they
  /// tile the mesh.
  EnergyScores(const Mesh& mesh, std::vector<VerifiedSystem> systems, long times, long window);
  void add(const ScoredTime& fields) override;
  /// energy_score_window(system), energy_score_field(system).
  ScoreSection section(const ScoreUnits& units) const override;
  struct Means {
    double window, field;  ///< NaN where undefined
  };
  /// Not collective, after reduce().
  Means means(std::size_t system) const;

 private:
  /// whole: of the points of a strip, else of a window.
  void add_points(const ScoredTime& fields, std::span<const std::size_t> points, std::span<double> sums,
                  bool whole);
  std::vector<std::size_t> starts_;  // [systems + 1] in the sums of a time
  long nx_, window_;
  // Sums of a time: [systems][window score, window weight, field weight, squares of the distances
  // of members to the truth and to each other]
};

}  // namespace podscale
