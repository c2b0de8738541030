#pragma once
// Which steps of a series are missing.

#include <string>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

struct StepGaps {
  bool even = true;     ///< whether nearly all distances are multiples of the step
  long missing = 0;     ///< steps that would fill the gaps
  std::size_t gap = 0;  ///< the step before the first gap, where some are missing
};

/// Not collective. By axis.step; nothing is missing where that is not known.
StepGaps step_gaps(const SampleAxis& axis);

/// Not collective. What a step stands for, else its time: "2000-01-01 to 2000-02-01",
/// "2000-01-16".
std::string sample_text(const SampleAxis& axis, std::size_t step);

}  // namespace podscale
