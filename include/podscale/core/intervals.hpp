#pragma once
// What interval each step of a series stands for: its bounds, or else what the stamps of the whole
// series say.

#include "podscale/core/sample_axis.hpp"

namespace podscale {

/// Not collective, as all here. "begin", "middle", "end", "point", "auto"; throws Error(usage).
Stamp stamp_from_name(const std::string& name);

/// Not collective. What CF's cell_methods say of the time: "mean", "maximum"; "" where they say
/// nothing.
std::string method_in_time(const std::string& cell_methods);
/// Not collective. Whether they call the values those of a moment.
bool is_instant(const std::string& cell_methods);

/// Not collective. Fills axis.step and the spans of its samples. Bounds come first. Without them
/// a month, year or day is the one of its stamp, as axis.stamp says; automatic: the calendar
/// month (year, day) that the stamp lies in. Where two stamps share one, as with months of 30.44
/// days, it is the one that begins nearest to the stamp. Stamps at midnight of the first day that
/// run from the second month (day) of a year to the first of another are the ends of whole years.
/// Steps of other lengths, points and single times have no span, but for a stamp that says where
/// theirs lies. expected: the step of an axis of one time. Returns what was assumed beyond the
/// plain rule, "" for nothing.
std::string understand(SampleAxis& axis, const StepLength& expected = {});

/// Not collective. The axis with bounds at all steps where all have a span: for files.
SampleAxis with_bounds(SampleAxis axis);

}  // namespace podscale
