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

/// Both ends inclusive.
struct DateRange {
  Date first, last;
  bool contains(const Date& date) const;
};
/// 'YYYY-MM-DD' twice, the whole last day; throws Error(usage) for anything else.
DateRange parse_date_range(const std::string& first, const std::string& last);

/// What the values of a CF time variable mean.
class TimeUnits {
 public:
  /// units as in "days since 1982-01-01"; calendar "": standard. Throws Error(data) with `where`
  /// (file and variable) when one of them is not CF.
  TimeUnits(const std::string& units, const std::string& calendar, const std::string& where);
  Calendar calendar() const { return calendar_; }
  std::optional<Date> date(double value) const;  ///< nullopt: missing, or no time

 private:
  Calendar calendar_ = Calendar::standard;
  Date start_;
  int months_ = 0;    // of a unit, 0: a unit of fixed length
  double seconds_ = 0;  // of such a unit
};

}  // namespace podscale
