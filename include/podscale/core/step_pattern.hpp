#pragma once
// How the steps of a series follow each other: how far apart they are, and which are missing.

#include <string>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

struct StepPattern {
  int months = 0;            ///< between steps of months or years, 0: of a fixed length
  double days = 0;           ///< the commonest distance; 0 of a single step
  bool even = true;          ///< whether nearly all distances are multiples of it
  long missing = 0;          ///< steps that would fill the gaps
  std::size_t gap = 0;       ///< the step before the first gap, where some are missing
  std::string text() const;  ///< "1 day", "6 hours", "1 month"
};

/// Not collective. Calendar months are told from steps of 30 days by SampleAxis::is_monthly.
StepPattern step_pattern(const SampleAxis& axis);

/// Not collective. The interval of a step where it has one, else its time: "2000-01-01 to
/// 2000-02-01", "2000-01-16".
std::string sample_text(const SampleAxis& axis, std::size_t step);

}  // namespace podscale
