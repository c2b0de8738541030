#pragma once
// Calendars of CF-1.8 (section 4.4.1) and the times of a series.

#include <cstdint>
#include <string>
#include <vector>

namespace podscale {

enum class Calendar { standard, proleptic_gregorian, julian, noleap, all_leap, day360 };

/// Not collective. CF names and their synonyms (gregorian, 365_day, ...); throws Error(data) on
/// others.
Calendar calendar_from_name(const std::string& name);
const char* calendar_name(Calendar calendar);

struct Date {
  int year = 0, month = 1, day = 1;
  double second = 0;  ///< of the day
};

/// Days since 0001-01-01 of the calendar itself (standard: Julian before 1582-10-15). Inverse of
/// each other.
long day_number(Calendar calendar, int year, int month, int day);
Date date_from_day_number(Calendar calendar, long day_number, double second = 0);
int days_in_year(Calendar calendar, int year);
int days_in_month(Calendar calendar, int year, int month);
/// Position in the year in [0, 1): the phase of the seasonal cycle, comparable between calendars.
double year_fraction(Calendar calendar, const Date& date);
/// "1982-01-31" or "1982-01-31T12:00:00" -> Date; throws Error(usage) naming `what` when the text
/// is no date.
Date parse_date(const std::string& text, Calendar calendar, const std::string& what);
std::string date_text(const Date& date);  ///< "1982-01-31" or "1982-01-31T12:00:00" when it has a time of day

/// The times of a series in file order of increasing time.
struct TimeAxis {
  Calendar calendar = Calendar::standard;
  std::string units;           ///< CF units, as in "days since 1978-01-01 00:00:00"
  std::vector<double> values;  ///< in those units, strictly increasing
  std::vector<Date> dates;
  /// Months apart (24 days or more between most steps): two sources then match by year and month,
  /// not by day.
  bool is_monthly() const;
  /// Identifies a time, to the second, in the counters of the random generator: whole hours since
  /// 1800-01-01 of the calendar, and the second of the hour in the upper 32 bits.
  std::uint64_t time_key(std::size_t step) const;
};

/// Steps of `axis` whose date lies in [first, last], both 'YYYY-MM-DD', both inclusive (the whole
/// last day).
std::vector<long> steps_between(const TimeAxis& axis, const std::string& first, const std::string& last);

/// Decodes CF time values. Throws Error(data) with `where` (file and variable) when units or
/// calendar are not CF.
TimeAxis decode_times(const std::vector<double>& values, const std::string& units,
                      const std::string& calendar, const std::string& where);

/// Whether match_steps pairs the steps of the two by year and month: both are monthly.
bool match_by_month(const TimeAxis& a, const TimeAxis& b);
/// Phase of the seasonal cycle of a step, in [0, 1): its year_fraction, or the middle of its month
/// where `monthly`, since sources that are paired by month may stamp different days of it.
double year_phase(const TimeAxis& axis, std::size_t step, bool monthly);

/// Pairs of steps of the two axes with the same date (same month if match_by_month), within steps
/// of `a` given.
struct StepPair {
  long a, b;
};
std::vector<StepPair> match_steps(const TimeAxis& a, const std::vector<long>& steps_of_a, const TimeAxis& b);
/// The same, by month or by date as the caller says: axes of one time cannot tell.
std::vector<StepPair> match_steps(const TimeAxis& a, const std::vector<long>& steps_of_a, const TimeAxis& b,
                                  bool monthly);

}  // namespace podscale
