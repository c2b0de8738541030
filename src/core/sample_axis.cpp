#include "podscale/core/sample_axis.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// To the coarsest unit that all dates are near to. Nothing is done where all are whole minutes:
/// the type has lost nothing.
void round_dates(SampleAxis& axis, double tolerance) {
  const auto all_near = [&](double unit, double within) {
    return std::all_of(axis.samples.begin(), axis.samples.end(), [&](const Sample& s) {
      return std::abs(s.date.second - unit * std::round(s.date.second / unit)) <= within;
    });
  };
  if (all_near(60, 1e-3)) return;
  for (const double unit : {86400.0, 3600.0, 60.0, 1.0}) {
    if (!all_near(unit, tolerance)) continue;
    for (Sample& s : axis.samples)
      s.date = shifted(axis.calendar, s.date, unit * std::round(s.date.second / unit) - s.date.second);
    return;
  }
}

}  // namespace

std::string StepLength::text() const {
  const auto counted = [](double n, const char* unit) {
    return fmt::format("{:.4g} {}{}", n, unit, n == 1 ? "" : "s");
  };
  if (months > 0) return months % 12 == 0 ? counted(months / 12, "year") : counted(months, "month");
  if (days <= 0) return "one time";
  const double hours = days * 24, minutes = hours * 60;
  return days >= 0.999    ? counted(days, "day")
         : hours >= 0.999 ? counted(hours, "hour")
                          : counted(minutes, "minute");
}

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

Date SampleAxis::centre(std::size_t step) const {
  const Sample& s = (*this)[step];
  if (!s.span) return s.date;
  return shifted(calendar, s.span->from, days_between(calendar, s.span->from, s.span->to) * 43200);
}

std::uint64_t SampleAxis::time_key(std::size_t step) const {
  const Date& date = (*this)[step].date;
  const long days = day_number(calendar, date.year, date.month, date.day) - day_number(calendar, 1800, 1, 1);
  const long second = days * 86400 + std::lround(date.second), of_hour = (second % 3600 + 3600) % 3600,
             hour = (second - of_hour) / 3600;
  const auto realization = static_cast<std::uint64_t>((*this)[step].realization) & 0x7fff;
  return realization << 44 | static_cast<std::uint64_t>(of_hour) << 32 | static_cast<std::uint32_t>(hour);
}

SampleAxis decode_times(const std::vector<double>& values, const std::string& units,
                        const std::string& calendar, const std::string& where, double resolution) {
  const TimeUnits meaning(units, calendar, where);
  SampleAxis axis{meaning.calendar(), meaning.plain(), {}};
  axis.samples.reserve(values.size());
  for (const double value : values) {
    const auto date = meaning.date(value);
    if (!date)
      fail(ExitCode::data,
           "{}: value {} at step {} is missing or no time in '{}'; repair the time axis first", where, value,
           axis.size() + 1, units);
    axis.samples.push_back({value, *date});
  }
  const std::vector<Sample> exact = axis.samples;
  if (resolution > 0) round_dates(axis, resolution * meaning.seconds());
  for (std::size_t t = 0; t < axis.size(); ++t) {
    Sample& s = axis.samples[t];
    if (!meaning.is_plain() || days_between(axis.calendar, exact[t].date, s.date) != 0)
      s.time = meaning.plain_value(s.date);
  }
  return axis;
}

SampleAxis subset(const SampleAxis& axis, std::span<const long> steps) {
  SampleAxis part{axis.calendar, axis.units, {}, axis.stamp, axis.step};
  for (const long step : steps) part.samples.push_back(axis[step]);
  return part;
}

std::vector<long> steps_between(const SampleAxis& axis, const std::string& first, const std::string& last) {
  const DateRange period = parse_date_range(first, last);
  std::vector<long> steps;
  for (std::size_t t = 0; t < axis.size(); ++t)
    if (period.contains(axis.centre(t))) steps.push_back(static_cast<long>(t));
  return steps;
}

double year_phase(const SampleAxis& axis, std::size_t step, SeasonPhase phase) {
  if (phase == SeasonPhase::month) return (axis.centre(step).month - 0.5) / 12;
  return year_fraction(axis.calendar, phase == SeasonPhase::middle ? axis.centre(step) : axis[step].date);
}

double StudyYear::at(const SampleAxis& axis, std::size_t step) const {
  if (axis.calendar == calendar || phase == SeasonPhase::month) return year_phase(axis, step, phase);
  Date date = phase == SeasonPhase::middle ? axis.centre(step) : axis[step].date;
  date.day = std::min(date.day, days_in_month(calendar, date.year, date.month));
  return year_fraction(calendar, date);
}

}  // namespace podscale
