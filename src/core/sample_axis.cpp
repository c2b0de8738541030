#include "podscale/core/sample_axis.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "podscale/core/error.hpp"

namespace podscale {

std::vector<double> SampleAxis::values() const {
  std::vector<double> times;
  for (const Sample& s : samples) times.push_back(s.time);
  return times;
}

bool SampleAxis::has_intervals() const {
  return !samples.empty() &&
         std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.interval.has_value(); });
}

void SampleAxis::drop_intervals() {
  for (Sample& s : samples) s.interval.reset();
}

bool SampleAxis::is_monthly() const {
  std::size_t far = 0;
  for (std::size_t t = 1; t < samples.size(); ++t)
    if (days_between(calendar, samples[t - 1].date, samples[t].date) >= 24) ++far;
  return samples.size() > 1 && 2 * far > samples.size() - 1;
}

std::uint64_t SampleAxis::time_key(std::size_t step) const {
  const Date& date = (*this)[step].date;
  const long days = day_number(calendar, date.year, date.month, date.day) - day_number(calendar, 1800, 1, 1);
  const long second = days * 86400 + std::lround(date.second), of_hour = (second % 3600 + 3600) % 3600,
             hour = (second - of_hour) / 3600;
  return static_cast<std::uint64_t>(of_hour) << 32 | static_cast<std::uint32_t>(hour);
}

SampleAxis decode_times(const std::vector<double>& values, const std::string& units,
                        const std::string& calendar, const std::string& where) {
  const TimeUnits meaning(units, calendar, where);
  SampleAxis axis{meaning.calendar(), units, {}};
  axis.samples.reserve(values.size());
  for (const double value : values) {
    const auto date = meaning.date(value);
    if (!date)
      fail(ExitCode::data,
           "{}: value {} at step {} is missing or no time in '{}'; repair the time axis first", where, value,
           axis.size() + 1, units);
    axis.samples.push_back({value, *date});
  }
  return axis;
}

SampleAxis subset(const SampleAxis& axis, std::span<const long> steps) {
  SampleAxis part{axis.calendar, axis.units, {}};
  for (const long step : steps) part.samples.push_back(axis[step]);
  return part;
}

std::vector<long> steps_between(const SampleAxis& axis, const std::string& first, const std::string& last) {
  const DateRange period = parse_date_range(first, last);
  std::vector<long> steps;
  for (std::size_t t = 0; t < axis.size(); ++t)
    if (period.contains(axis[t].date)) steps.push_back(static_cast<long>(t));
  return steps;
}

bool match_by_month(const SampleAxis& a, const SampleAxis& b) {
  return a.is_monthly() && b.is_monthly();
}

double year_phase(const SampleAxis& axis, std::size_t step, bool monthly) {
  const Date& date = axis[step].date;
  return monthly ? (date.month - 0.5) / 12 : year_fraction(axis.calendar, date);
}

std::vector<StepPair> match_steps(const SampleAxis& a, const std::vector<long>& steps_of_a,
                                  const SampleAxis& b) {
  return match_steps(a, steps_of_a, b, match_by_month(a, b));
}

std::vector<StepPair> match_steps(const SampleAxis& a, const std::vector<long>& steps_of_a,
                                  const SampleAxis& b, bool monthly) {
  const auto key = [monthly](const Date& d) { return std::tuple(d.year, d.month, monthly ? 1 : d.day); };
  const auto earlier = [&](const Sample& x, const Date& y) { return key(x.date) < key(y); };
  std::vector<StepPair> pairs;
  for (const long step : steps_of_a) {
    const Date& date = a[step].date;
    const auto first = std::lower_bound(b.samples.begin(), b.samples.end(), date, earlier);
    auto last = first;
    while (last != b.samples.end() && key(last->date) == key(date)) ++last;
    if (first == last) continue;
    auto match = first;
    if (last - first > 1) {  // several steps a day: the time of day counts, too
      match = std::find_if(first, last,
                           [&](const Sample& s) { return std::abs(s.date.second - date.second) < 60; });
      if (match == last) continue;
      if (monthly && match->date.day != date.day) continue;
    }
    pairs.push_back({step, static_cast<long>(match - b.samples.begin())});
  }
  return pairs;
}

}  // namespace podscale
