#pragma once
// Which times of a series make up which mean.

#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

struct TimeStretch {
  std::vector<std::size_t> steps;  ///< of the axis, ascending, one or more
};

// Not collective, each. By the date of each time.

/// `text` is "30d": stretches of 30 days from the first day on, those alone that the series covers
/// to their end; or "month": calendar months, whatever they hold. Error(usage) for another text,
/// data where the series covers none.
/// whose: "--mean", for messages.
std::vector<TimeStretch> stretches(const SampleAxis& axis, const std::string& text,
                                   const std::string& whose = "--mean");
/// December to February, March to May and so on, whatever they hold.
std::vector<TimeStretch> seasons(const SampleAxis& axis);
/// From the first day to the last, both inclusive. Error(usage) for what are no days, data for
/// none.
TimeStretch period(const SampleAxis& axis, const std::string& first, const std::string& last);

}  // namespace podscale
