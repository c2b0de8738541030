#pragma once
// Rank histogram: the place of the truth among the members.

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Not collective. Number of members below y, 0 to M; among the t members equal to y (float32
/// ties), u in (0, 1) chooses one of the t + 1 places. Hamill (2001), Mon. Weather Rev. 129,
/// 550-560. members: stride apart.
std::size_t rank_among(std::span<const float> members, std::size_t first, std::size_t stride, float y,
                       double u);

/// Area-weighted, for every system with members. Members written without
/// truncation noise lack that variance, so the histogram of a calibrated product then has raised
/// ends.
class RankHistogram : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks. The ties of a time and point depend on the
  /// seed alone.
  RankHistogram(std::vector<VerifiedSystem> systems, long times, std::uint64_t seed);
  void add(const ScoredTime& fields) override;
  /// rank_histogram(system, rank), rank_reliability_index(system); beyond a system's own ranks:
  /// undefined.
  ScoreSection section(const ScoreUnits& units) const override;
  /// Not collective, after reduce(). [members + 1], sum 1; empty without members.
  std::vector<double> shares(std::size_t system) const;

 private:
  std::size_t ranks_;  // of the system with the most members
  CounterRandom random_;
  // Sums of a time: [systems][ranks]
};

}  // namespace podscale
