#pragma once
// The scores as text.

#include <string>

#include "podscale/verify/score_accumulator.hpp"

namespace podscale {

/// Not collective (after ScoreAccumulator::reduce). One row per system, one column per score,
/// dashes where a score is not defined; notes below say what the columns mean. period:
/// "2010-01-01 to 2011-12-31", for the title.
std::string score_table(const ScoreAccumulator& scores, const std::string& period);

}  // namespace podscale
