#include "podscale/core/age_finder.hpp"

#include <algorithm>
#include <cmath>

namespace podscale {

AgeFinder::AgeFinder(const SampleAxis& axis)
    : axis_(&axis), half_step_(0.4999 * (axis.step.known() ? axis.step.in_days() : 1)) {
  for (std::size_t t = 0; t < axis.size(); ++t) places_.push_back(place(axis.centre(t)));
}

double AgeFinder::place(Date date) const {
  date.day = std::min(date.day, days_in_month(axis_->calendar, date.year, date.month));
  return days_between(axis_->calendar, axis_->centre(0), date);
}

std::optional<long> AgeFinder::find(const SampleAxis& other, long step, double age) const {
  if (places_.empty()) return std::nullopt;
  const double target = place(other.centre(static_cast<std::size_t>(step))) - age;
  auto next = std::lower_bound(places_.begin(), places_.end(), target);
  if (next == places_.end() || (next != places_.begin() && target - next[-1] <= *next - target)) --next;
  if (std::abs(*next - target) > half_step_) return std::nullopt;
  return next - places_.begin();
}

}  // namespace podscale
