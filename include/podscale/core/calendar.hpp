#pragma once
// Calendars of CF-1.8 (section 4.4.1), and the units of time. Nothing here is collective.

#include <optional>
#include <string>

namespace podscale {

enum class Calendar { standard, proleptic_gregorian, julian, noleap, all_leap, day360 };

/// CF names and their synonyms (gregorian, 365_day, ...); throws Error(data) on others.
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

/// From one date to another, in days of the calendar.
double days_between(Calendar calendar, const Date& from, const Date& to);
/// Not collective. `seconds` after a date, to the millisecond: whole seconds survive the rounding
/// of fractional days.
Date shifted(Calendar calendar, const Date& start, double seconds);

/// Both ends inclusive.
struct DateRange {
  Date first, last;
  bool contains(const Date& date) const;
};
/// 'YYYY-MM-DD' twice, the whole last day, or with a time of day in UTC; throws Error(usage) for
/// anything else, and for days that no calendar has. key: what the period is called.
DateRange parse_date_range(const std::string& first, const std::string& last,
                           const std::string& key = "period");
/// Throws Error(usage) where a day of the period of a key is neither one of the calendar of `what`
/// nor one of everyday use: the 31st ends a period in the 360-day calendar, too.
void require_days(const std::string& first, const std::string& last, Calendar calendar,
                  const std::string& key, const std::string& what);

/// What the values of a CF time variable mean: "days since 1982-01-01", months and years by the
/// calendar, and the absolute axes of CDO, "day as %Y%m%d.%f".
class TimeUnits {
 public:
  /// calendar "": standard. Throws Error(data) with `where` (file and variable) when one of them
  /// is not CF.
  TimeUnits(const std::string& units, const std::string& calendar, const std::string& where);
  Calendar calendar() const { return calendar_; }
  std::optional<Date> date(double value) const;  ///< nullopt: missing, or no time
  double seconds() const;                        ///< of a unit, on average
  /// The same units, or days where other readers (cftime) cannot decode them.
  const std::string& plain() const { return plain_; }
  bool is_plain() const { return is_plain_; }
  double plain_value(const Date& date) const;

 private:
  enum class Kind { fixed, months, absolute };
  Kind kind_ = Kind::fixed;
  Calendar calendar_ = Calendar::standard;
  Date start_, origin_;     // what values and plain values count from
  int months_ = 0;          // of a unit; absolute: 0 counts days, 1 months, 12 years
  double seconds_ = 86400;  // of a unit, and of a plain one
  std::string plain_;
  bool is_plain_ = true;
};

}  // namespace podscale
