#include "podscale/study/time_means.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

long day_of(const SampleAxis& axis, std::size_t step) {
  const Date& d = axis[step].date;
  return day_number(axis.calendar, d.year, d.month, d.day);
}

/// One stretch a number.
template <class NumberOf>
std::vector<TimeStretch> by_number(const SampleAxis& axis, const NumberOf& number_of) {
  std::map<long, TimeStretch> found;
  for (std::size_t t = 0; t < axis.size(); ++t) found[number_of(t)].steps.push_back(t);
  std::vector<TimeStretch> list;
  for (auto& [number, stretch] : found) list.push_back(std::move(stretch));
  return list;
}

}  // namespace

std::vector<TimeStretch> stretches(const SampleAxis& axis, const std::string& text,
                                   const std::string& whose) {
  if (text == "month")
    return by_number(axis, [&](std::size_t t) { return 12l * axis[t].date.year + axis[t].date.month; });
  long days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc() || std::string(end, text.data() + text.size()) != "d" || days < 1)
    fail(ExitCode::usage, "{} {}: expected a number of days as 30d, or month{}", whose, text,
         whose == "--mean" ? "" : ", season or all");
  const long first = day_of(axis, 0), last = day_of(axis, axis.size() - 1);
  std::vector<TimeStretch> list =
      by_number(axis, [&](std::size_t t) { return (day_of(axis, t) - first) / days; });
  const double step = axis.step.known() ? axis.step.in_days()
                      : axis.size() > 1
                          ? static_cast<double>(last - first) / static_cast<double>(axis.size() - 1)
                          : 1;
  // The last one, unless its end is there.
  if (static_cast<double>(last - first) + step + 0.5 <
      static_cast<double>(((last - first) / days + 1) * days))
    list.pop_back();
  if (list.empty())
    fail(ExitCode::data, "{} {}: the times go from {} to {}; expected {} days or more", whose, text,
         date_text(axis[0].date), date_text(axis.samples.back().date), days);
  return list;
}

std::vector<TimeStretch> seasons(const SampleAxis& axis) {
  return by_number(axis, [&](std::size_t t) { return (12l * axis[t].date.year + axis[t].date.month) / 3; });
}

TimeStretch period(const SampleAxis& axis, const std::string& first, const std::string& last) {
  const DateRange range = parse_date_range(first, last);
  TimeStretch stretch;
  for (std::size_t t = 0; t < axis.size(); ++t)
    if (range.contains(axis[t].date)) stretch.steps.push_back(t);
  if (stretch.steps.empty())
    fail(ExitCode::data, "--period {},{}: no time of the product lies in it; they go from {} to {}", first,
         last, date_text(axis[0].date), date_text(axis.samples.back().date));
  return stretch;
}

}  // namespace podscale
