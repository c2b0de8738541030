#include "podscale/core/step_gaps.hpp"

#include <algorithm>
#include <cmath>

namespace podscale {

StepGaps step_gaps(const SampleAxis& axis) {
  StepGaps gaps;
  if (!axis.step.known()) return gaps;
  std::size_t odd = 0;
  for (std::size_t t = 1; t < axis.size(); ++t) {
    const Date from = axis.centre(t - 1), to = axis.centre(t);
    const double steps = axis.step.months > 0 ? (12 * (to.year - from.year) + to.month - from.month) /
                                                    static_cast<double>(axis.step.months)
                                              : days_between(axis.calendar, from, to) / axis.step.days;
    const double whole = std::round(steps);
    odd += std::abs(steps - whole) > 0.05;
    if (whole > 1 && gaps.missing == 0) gaps.gap = t - 1;
    gaps.missing += std::max(0L, std::lround(whole) - 1);
  }
  gaps.even = 20 * odd <= axis.size();
  return gaps;
}

std::string sample_text(const SampleAxis& axis, std::size_t step) {
  const Sample& sample = axis[step];
  return sample.span ? date_text(sample.span->from) + " to " + date_text(sample.span->to)
                     : date_text(sample.date);
}

}  // namespace podscale
