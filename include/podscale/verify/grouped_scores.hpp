#pragma once
// Scores of every system over groups of times: those of one lead, of one age of an analysis.

#include <vector>

#include "podscale/verify/score_family.hpp"

namespace podscale {

class GroupedScores : public ScoreFamily {
 public:
  void add(const ScoredTime& fields) override;

 protected:
  static constexpr std::size_t k90 = 2;  ///< the central 90 % among coverage_levels
  /// Not collective. The same arguments on all ranks. keys: [times], not NaN.
  GroupedScores(std::vector<VerifiedSystem> systems, std::vector<double> keys);
  struct Group {
    double key;
    long times = 0;
    std::vector<Scores> scores;  ///< [systems], as those of the period
  };
  /// Not collective, after reduce(). Times with one key, by ascending keys.
  std::vector<Group> groups() const;

 private:
  std::vector<double> keys_;
};

}  // namespace podscale
