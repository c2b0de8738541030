#pragma once
// The scores by name, unit and meaning: what scores.nc stores of each system, as a total and per
// time.

#include <functional>
#include <vector>

#include "podscale/verify/field_scores.hpp"

namespace podscale {

struct ScoreColumn {
  const char *name, *units, *long_name;  ///< units "": those of differences
  std::function<double(const Scores&)> value;
};

/// Not collective. All scores that are one number; coverage, one per level, stands apart.
const std::vector<ScoreColumn>& score_columns();

}  // namespace podscale
