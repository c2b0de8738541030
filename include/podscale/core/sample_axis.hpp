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

struct Sample {
  double time = 0;                     ///< in the units of the axis
  Date date;                           ///< the same
  std::optional<TimeSpan> interval{};  ///< over which the values are meant: CF's bounds
};

/// In the order of time, strictly increasing.
struct SampleAxis {
  Calendar calendar = Calendar::standard;
  std::string units;  ///< CF units, as in "days since 1978-01-01 00:00:00"
  std::vector<Sample> samples;

  std::size_t size() const { return samples.size(); }
  const Sample& operator[](std::size_t step) const { return samples.at(step); }
  std::vector<double> values() const;  ///< the times
  bool has_intervals() const;          ///< all of them
  void drop_intervals();
  /// Months apart (24 days or more between most steps): two sources then match by year and month,
  /// not by day.
  bool is_monthly() const;
  /// Identifies a time, to the second, in the counters of the random generator: whole hours since
  /// 1800-01-01 of the calendar, and the second of the hour in the upper 32 bits.
  std::uint64_t time_key(std::size_t step) const;
};

/// Not collective, as all below. CF time values. Throws Error(data) with `where` (file and
/// variable) when units or calendar are not CF, or a value is missing.
SampleAxis decode_times(const std::vector<double>& values, const std::string& units,
                        const std::string& calendar, const std::string& where);

/// The steps of an axis.
SampleAxis subset(const SampleAxis& axis, std::span<const long> steps);

/// Steps whose date lies in [first, last], both 'YYYY-MM-DD', both inclusive (the whole last day).
std::vector<long> steps_between(const SampleAxis& axis, const std::string& first, const std::string& last);

/// Whether match_steps pairs the steps of the two by year and month: both are monthly.
bool match_by_month(const SampleAxis& a, const SampleAxis& b);
/// Phase of the seasonal cycle of a step, in [0, 1): its year_fraction, or the middle of its month
/// where `monthly`, since sources that are paired by month may stamp different days of it.
double year_phase(const SampleAxis& axis, std::size_t step, bool monthly);

/// Pairs of steps of the two axes with the same date (same month if match_by_month), within steps
/// of `a` given.
struct StepPair {
  long a, b;
};
std::vector<StepPair> match_steps(const SampleAxis& a, const std::vector<long>& steps_of_a,
                                  const SampleAxis& b);
/// The same, by month or by date as the caller says: axes of one time cannot tell.
std::vector<StepPair> match_steps(const SampleAxis& a, const std::vector<long>& steps_of_a,
                                  const SampleAxis& b, bool monthly);

}  // namespace podscale
