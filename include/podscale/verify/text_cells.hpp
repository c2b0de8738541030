#pragma once
// Cells of the tables in scores.txt.

#include <string>
#include <vector>

#include "podscale/verify/score_accumulator.hpp"

namespace podscale {

/// Not collective. "0.4977"; "-" where undefined, no "-0.00".
std::string score_cell(double value, int digits);
/// Not collective. Width of the column of system names: all tables have the same.
std::size_t name_width(const std::vector<VerifiedSystem>& systems);

}  // namespace podscale
