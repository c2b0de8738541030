#include "podscale/core/intervals.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

long month_index(const Date& date) {
  return date.year * 12L + date.month - 1;
}

/// Steps from 0.9 to 1.1 days are days; above 24 days they are counted in months.
StepLength nominal(double days) {
  if (days >= 24) return {std::max(1, static_cast<int>(std::lround(days / 30.44))), 0};
  return {0, days > 0.9 && days < 1.1 ? 1.0 : days};
}

/// A distance that holds for a quarter of the axis at least: gaps make others longer. date: of a
/// sample.
template <class DateOf>
StepLength step_between(const SampleAxis& axis, const DateOf& date) {
  std::vector<double> days;
  for (std::size_t t = 1; t < axis.size(); ++t)
    days.push_back(days_between(axis.calendar, date(axis[t - 1]), date(axis[t])));
  if (days.empty()) return {};
  const auto quarter = days.begin() + std::ssize(days) / 4;
  std::nth_element(days.begin(), quarter, days.end());
  return nominal(*quarter);
}

StepLength step_of_bounds(const SampleAxis& axis) {
  std::vector<double> days;
  bool months = true;
  for (const Sample& s : axis.samples) {
    const auto& [from, to] = *s.span;
    days.push_back(days_between(axis.calendar, from, to));
    months = months && from.day == to.day && from.second == to.second && month_index(to) > month_index(from);
  }
  const auto middle = days.begin() + std::ssize(days) / 2;
  std::nth_element(days.begin(), middle, days.end());
  const StepLength apart = step_between(axis, [](const Sample& s) { return s.span->from; });
  if (apart.known() && apart.in_days() < 0.75 * *middle) return apart;  // running means
  const StepLength step = nominal(*middle);
  return months || step.months == 0 ? step : StepLength{0, *middle};
}

/// Counts the units of a step: calendar months, or days.
struct Slots {
  Calendar calendar;
  bool months;

  double place(const Date& d) const {
    if (!months) return static_cast<double>(day_number(calendar, d.year, d.month, d.day)) + d.second / 86400;
    return static_cast<double>(month_index(d)) +
           (d.day - 1 + d.second / 86400) / days_in_month(calendar, d.year, d.month);
  }
  Date date(long slot) const {
    if (!months) return date_from_day_number(calendar, slot);
    const long year = slot / 12 - (slot % 12 < 0 ? 1 : 0);
    return {static_cast<int>(year), static_cast<int>(slot - 12 * year) + 1, 1, 0};
  }
  bool begins_year(long slot) const {
    const Date d = date(slot);
    return d.month == 1 && d.day == 1;
  }
};

bool increase(const std::vector<long>& slots) {
  return std::adjacent_find(slots.begin(), slots.end(), std::greater_equal<>()) == slots.end();
}

long floor_of(double value) {
  return static_cast<long>(std::floor(value));
}

/// First slot of each step; empty where the stamps are not those of such steps.
std::vector<long> first_slots(const SampleAxis& axis, const Slots& slots, int length, std::string& said) {
  std::vector<double> places;
  for (const Sample& s : axis.samples) places.push_back(slots.place(s.date));
  const auto each = [&](auto slot_of) {
    std::vector<long> found;
    for (const double place : places) found.push_back(slot_of(place));
    return found;
  };
  const auto nearest = [&](double place) { return floor_of(place + 0.5); };
  const bool at_borders =
      std::all_of(places.begin(), places.end(), [](double p) { return std::abs(p - std::round(p)) < 1e-3; });
  std::vector<long> found;
  if (axis.stamp == Stamp::begin) {
    found = each(nearest);
  } else if (axis.stamp == Stamp::end) {
    found = each([&](double p) { return nearest(p) - length; });
  } else if (length == 12) {
    found = each([](double p) { return 12 * floor_of(p / 12); });
  } else if (length == 1) {
    found = each([](double p) { return floor_of(p); });
  } else {
    found = at_borders ? each(nearest) : each([&](double p) { return nearest(p - 0.5 * length); });
  }
  const char* unit = slots.months ? "months" : "days";
  if (axis.stamp != Stamp::automatic || length != 1) return increase(found) ? found : std::vector<long>{};
  bool rounded = false;
  if (!increase(found)) {
    found = each(nearest);
    if (!increase(found)) return {};
    rounded = true;
    said = fmt::format("stamps that share {} are taken for the nearest beginning of one", unit);
  }
  if ((at_borders || rounded) && found.size() > 1 && slots.begins_year(found.front() - 1) &&
      slots.begins_year(found.back())) {
    for (long& slot : found) --slot;
    said = fmt::format(
        "stamps from {} to {} at the borders of {} are taken for their ends, which make whole years",
        date_text(axis.samples.front().date), date_text(axis.samples.back().date), unit);
  }
  return found;
}

}  // namespace

Stamp stamp_from_name(const std::string& name) {
  if (name == "auto") return Stamp::automatic;
  if (name == "begin") return Stamp::begin;
  if (name == "middle") return Stamp::middle;
  if (name == "end") return Stamp::end;
  if (name == "point") return Stamp::point;
  fail(ExitCode::usage, "stamps '{}'; expected auto, begin, middle, end or point", name);
}

std::string method_in_time(const std::string& cell_methods) {
  std::istringstream words(cell_methods);
  std::string word;
  bool of_time = false;
  while (words >> word) {
    if (word == "time:")
      of_time = true;
    else if (word.back() != ':' && of_time)
      return word;
  }
  return "";
}

bool is_instant(const std::string& cell_methods) {
  return method_in_time(cell_methods) == "point";
}

std::string understand(SampleAxis& axis, const StepLength& expected) {
  for (Sample& s : axis.samples) s.span.reset();
  axis.step = {};
  if (axis.samples.empty()) return "";
  const TimeUnits units(axis.units, calendar_name(axis.calendar), "time");
  bool moments = true;
  if (axis.has_intervals()) {
    for (Sample& s : axis.samples) {
      s.span = DateSpan{units.date(s.interval->begin).value(), units.date(s.interval->end).value()};
      moments = moments && s.interval->begin == s.interval->end;
    }
    axis.step = step_of_bounds(axis);
    if (!moments) return "";
    for (Sample& s : axis.samples) s.span.reset();
    axis.stamp = Stamp::point;
  }
  axis.step = step_between(axis, [](const Sample& s) { return s.date; });
  if (!axis.step.known()) axis.step = expected;
  if (axis.stamp == Stamp::point || !axis.step.known()) return "";
  const bool months = axis.step.months > 0;
  std::string said;
  if (months || axis.step.days == 1) {
    const int length = std::max(1, axis.step.months);
    const Slots slots{axis.calendar, months};
    const std::vector<long> first = first_slots(axis, slots, length, said);
    for (std::size_t t = 0; t < first.size(); ++t)
      axis.samples[t].span = DateSpan{slots.date(first[t]), slots.date(first[t] + length)};
  } else if (axis.stamp != Stamp::automatic) {
    const double seconds = axis.step.days * 86400, before = axis.stamp == Stamp::begin ? 0
                                                            : axis.stamp == Stamp::end ? seconds
                                                                                       : seconds / 2;
    for (Sample& s : axis.samples)
      s.span =
          DateSpan{shifted(axis.calendar, s.date, -before), shifted(axis.calendar, s.date, seconds - before)};
  }
  return said;
}

SampleAxis with_bounds(SampleAxis axis) {
  const TimeUnits units(axis.units, calendar_name(axis.calendar), "time");
  if (axis.has_intervals() || !units.is_plain()) return axis;
  for (const Sample& s : axis.samples)
    if (!s.span) return axis;
  for (Sample& s : axis.samples)
    s.interval = TimeSpan{units.plain_value(s.span->from), units.plain_value(s.span->to)};
  return axis;
}

}  // namespace podscale
