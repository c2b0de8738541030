#include "podscale/core/step_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

std::string counted(double number, const char* unit) {
  return fmt::format("{:.4g} {}{}", number, unit, number == 1 ? "" : "s");
}

}  // namespace

std::string StepPattern::text() const {
  if (months > 0 && months % 12 == 0) return counted(months / 12, "year");
  if (months > 0) return counted(months, "month");
  if (days >= 0.999) return counted(days, "day");
  return days * 24 >= 0.999 ? counted(days * 24, "hour") : counted(days * 1440, "minute");
}

StepPattern step_pattern(const SampleAxis& axis) {
  StepPattern pattern;
  const bool monthly = axis.is_monthly();
  std::vector<double> distances;  // in months, or in minutes
  for (std::size_t t = 1; t < axis.size(); ++t) {
    const Date &from = axis[t - 1].date, &to = axis[t].date;
    distances.push_back(monthly ? 12 * (to.year - from.year) + to.month - from.month
                                : std::round(1440 * days_between(axis.calendar, from, to)));
  }
  if (distances.empty()) return pattern;
  std::vector<double> sorted = distances;
  std::sort(sorted.begin(), sorted.end());
  double step = 0;
  for (std::size_t first = 0, most = 0, end = 0; first < sorted.size(); first = end) {
    while (end < sorted.size() && sorted[end] == sorted[first]) ++end;
    if (end - first > most) most = end - first, step = sorted[first];
  }
  if (step <= 0) {  // several steps in one month or minute
    pattern.even = false;
    pattern.days = days_between(axis.calendar, axis[0].date, axis[axis.size() - 1].date) /
                   static_cast<double>(distances.size());
    return pattern;
  }
  pattern.months = monthly ? static_cast<int>(step) : 0;
  pattern.days = monthly ? 365.25 / 12 * step : step / 1440;
  std::size_t odd = 0;
  for (std::size_t t = 0; t < distances.size(); ++t) {
    const double steps = distances[t] / step, whole = std::round(steps);
    odd += std::abs(steps - whole) > 0.05;
    if (whole > 1 && pattern.missing == 0) pattern.gap = t;
    pattern.missing += std::max(0L, std::lround(whole) - 1);
  }
  pattern.even = 20 * odd <= distances.size();
  return pattern;
}

std::string sample_text(const SampleAxis& axis, std::size_t step) {
  const Sample& sample = axis[step];
  if (!sample.interval) return date_text(sample.date);
  const TimeUnits units(axis.units, calendar_name(axis.calendar), "time");
  const auto begin = units.date(sample.interval->begin), end = units.date(sample.interval->end);
  return begin && end ? date_text(*begin) + " to " + date_text(*end) : date_text(sample.date);
}

}  // namespace podscale
