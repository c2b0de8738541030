#pragma once
// The steps of a series: what time each one stands for.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/calendar.hpp"

namespace podscale {

/// In the units of an axis.
struct TimeSpan {
  double begin = 0, end = 0;
};
/// From the first date to just before the second.
struct DateSpan {
  Date from, to;
};

/// From one step of a series to the next: calendar months, or days. Neither: not known.
struct StepLength {
  int months = 0;
  double days = 0;
  bool known() const { return months > 0 || days > 0; }
  double in_days() const { return months > 0 ? months * 365.25 / 12 : days; }
  std::string text() const;  ///< "1 month", "1 day", "6 hours"
};

/// Where in its interval a step is stamped.
enum class Stamp { automatic, begin, middle, end, point };

struct Sample {
  double time = 0;                     ///< in the units of the axis
  Date date;                           ///< the same
  std::optional<TimeSpan> interval{};  ///< over which the values are meant: CF's bounds
  std::optional<DateSpan> span{};      ///< the same, or what understand() takes for it
  std::optional<Date> reference{};     ///< of a forecast: when its run began
  long realization = 0;                ///< number of the member of an ensemble; 0: of none
};

/// In the order of time, strictly increasing; where there are several realizations or runs, one
/// such series after the other (strands_of).
struct SampleAxis {
  Calendar calendar = Calendar::standard;
  std::string units;  ///< CF units, as in "days since 1978-01-01 00:00:00"
  std::vector<Sample> samples;
  Stamp stamp = Stamp::automatic;
  StepLength step{};  ///< known once it is understood

  std::size_t size() const { return samples.size(); }
  const Sample& operator[](std::size_t step) const { return samples.at(step); }
  std::vector<double> values() const;  ///< the times
  bool has_intervals() const;          ///< all of them
  void drop_intervals();
  /// Months apart (24 days or more between most steps).
  bool is_monthly() const;
  /// Not collective. The middle of what a step stands for, or its date where that is not known.
  Date centre(std::size_t step) const;
  /// Identifies a time, to the second, in the counters of the random generator: whole hours since
  /// 1800-01-01 of the calendar, the second of the hour from bit 32, the realization from bit 44:
  /// each realization has noise of its own, runs share that of a valid time.
  std::uint64_t time_key(std::size_t step) const;
};

/// Not collective, as all below. CF time values. resolution: half the distance, in their units, of
/// values that the type of the file can hold; dates are rounded to the coarsest of days, hours,
/// minutes and seconds that all of them are that close to. Units that others cannot decode become
/// days. Throws Error(data) with `where` (file and variable) when units or calendar are not CF, or
/// a value is missing.
SampleAxis decode_times(const std::vector<double>& values, const std::string& units,
                        const std::string& calendar, const std::string& where, double resolution = 0);

/// The steps of an axis.
SampleAxis subset(const SampleAxis& axis, std::span<const long> steps);

/// Steps whose centre lies in [first, last], both 'YYYY-MM-DD', both inclusive (the whole last
/// day).
std::vector<long> steps_between(const SampleAxis& axis, const std::string& first, const std::string& last);

/// What the phase of the seasonal cycle of a step is taken from: its stamp; the middle of its
/// interval, where two series stamp theirs differently; the middle of its calendar month.
enum class SeasonPhase { date, middle, month };
/// Not collective. In [0, 1), by the year of the axis' own calendar.
double year_phase(const SampleAxis& axis, std::size_t step, SeasonPhase phase);

/// The year of a study, in which its climatologies are curves.
struct StudyYear {
  SeasonPhase phase = SeasonPhase::date;   ///< at any step of the study
  Calendar calendar = Calendar::standard;  ///< of the HR training series
  /// Not collective. Phase at a step of any series or product of the study. One choice for all: a
  /// product of one time cannot tell that its source was monthly. That of a date is its phase in
  /// the HR calendar, whatever its own, since pairs are made by date: the 15th of May lies at
  /// another part of a year of 360 days.
  double at(const SampleAxis& axis, std::size_t step) const;
};

}  // namespace podscale
