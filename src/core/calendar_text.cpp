// Dates and CF time units as text.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <optional>
#include <tuple>

#include "podscale/core/calendar.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"
#include "podscale/core/units.hpp"

namespace podscale {
namespace {

struct ParsedDate {
  Date date;
  bool has_time = false;
  double zone = 0;  // seconds east of UTC
};

/// Reads a text from left to right. (No std::regex: its headers cost seconds and warnings under
/// the sanitizers.)
class Scanner {
 public:
  explicit Scanner(const std::string& text) : text_(text) {}
  void blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool at_end() const { return at_ >= text_.size(); }
  bool at_digit() const { return !at_end() && std::isdigit(static_cast<unsigned char>(text_[at_])); }
  /// One of the characters of `set`, in either case; '\0' if there is none.
  char one_of(const char* set) {
    if (at_end()) return '\0';
    const char c = static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_])));
    if (std::strchr(set, c) == nullptr) return '\0';
    ++at_;
    return c;
  }
  bool word(const std::string& upper) {
    std::size_t i = 0;
    while (i < upper.size() && at_ + i < text_.size() &&
           std::toupper(static_cast<unsigned char>(text_[at_ + i])) == upper[i])
      ++i;
    if (i < upper.size()) return false;
    at_ += i;
    return true;
  }
  /// 1 to `digits` digits; false where there is none or more.
  bool number(int digits, int& value) {
    value = 0;
    const std::size_t first = at_;
    for (; at_digit(); ++at_) {
      if (at_ - first == static_cast<std::size_t>(digits)) return false;
      value = 10 * value + (text_[at_] - '0');
    }
    return at_ > first;
  }
  /// ".25" and so on; 0 where there is none.
  double fraction() {
    double value = 0, unit = 0.1;
    if (one_of("."))
      for (; at_digit(); ++at_, unit /= 10) value += unit * (text_[at_] - '0');
    return value;
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

/// "Z", "UTC", "GMT", "+hh", "+hhmm", "-h:mm" or nothing.
bool parse_zone(Scanner& scan, double& zone) {
  if (scan.word("UTC") || scan.word("GMT") || scan.word("UT") || scan.word("Z")) return true;
  const char sign = scan.one_of("+-");
  if (!sign) return true;
  int hours = 0, minutes = 0;
  if (!scan.number(4, hours)) return false;
  if (hours > 99) {
    minutes = hours % 100;
    hours /= 100;
  } else if (scan.one_of(":") && !scan.number(2, minutes)) {
    return false;
  }
  zone = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return hours < 24 && minutes < 60;
}

/// "Y-M-D[T or blank]h:m:s.s zone"; nullopt where the text is none or a number is out of any
/// calendar's range.
std::optional<ParsedDate> parse(const std::string& text) {
  Scanner scan(text);
  ParsedDate p;
  scan.blanks();
  const char sign = scan.one_of("+-");
  if (!scan.number(5, p.date.year) || !scan.one_of("-") || !scan.number(2, p.date.month) ||
      !scan.one_of("-") || !scan.number(2, p.date.day))
    return std::nullopt;
  if (sign == '-') p.date.year = -p.date.year;
  const bool marked = scan.one_of("T") != '\0';
  scan.blanks();
  int hour = 0, minute = 0, second = 0;
  double fraction = 0;
  p.has_time = scan.at_digit();
  if (marked && !p.has_time) return std::nullopt;
  if (p.has_time) {
    if (!scan.number(2, hour)) return std::nullopt;
    if (scan.one_of(":") && !scan.number(2, minute)) return std::nullopt;
    if (scan.one_of(":") && !scan.number(2, second)) return std::nullopt;
    fraction = scan.fraction();
  }
  scan.blanks();
  if (!parse_zone(scan, p.zone)) return std::nullopt;
  scan.blanks();
  if (!scan.at_end() || p.date.month < 1 || p.date.month > 12 || p.date.day < 1 || p.date.day > 31 ||
      hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  p.date.second = hour * 3600 + minute * 60 + second + fraction;
  return p;
}

bool exists(Calendar calendar, const Date& d) {
  const Date same = date_from_day_number(calendar, day_number(calendar, d.year, d.month, d.day));
  return same.year == d.year && same.month == d.month && same.day == d.day;
}

std::string last_day_text(Calendar calendar, const Date& d) {
  return fmt::format("{:04d}-{:02d} ends on day {} there", d.year, d.month,
                     days_in_month(calendar, d.year, d.month));
}

/// Calendar months a unit stands for, 0 for units of fixed length. CF leaves "months since" to
/// UDUNITS' mean month of 30.44 days, which no producer of monthly data means.
int months_of(const std::string& unit) {
  const std::string name = lower(unit);
  for (const char* month : {"month", "months", "mon", "mons", "calendar_month", "calendar_months"})
    if (name == month) return 1;
  for (const char* year : {"year", "years", "yr", "yrs", "calendar_year", "calendar_years"})
    if (name == year) return 12;
  return 0;
}

Date shifted_by_months(Calendar calendar, const Date& start, double months) {
  const double whole = std::floor(months);
  const long index = start.year * 12L + start.month - 1 + static_cast<long>(whole);
  const int year = static_cast<int>(std::floor(static_cast<double>(index) / 12));
  const int month = static_cast<int>(index - year * 12L) + 1;
  const int length = days_in_month(calendar, year, month);
  const Date base{year, month, std::min(start.day, length), start.second};
  return shifted(calendar, base, (months - whole) * length * 86400);
}

/// A fraction of a year is one of that year's own days.
Date shifted_by_years(Calendar calendar, const Date& start, double years) {
  const double whole = std::floor(years);
  const Date base = shifted_by_months(calendar, start, 12 * whole),
             next = shifted_by_months(calendar, start, 12 * (whole + 1));
  return shifted(calendar, base, (years - whole) * days_between(calendar, base, next) * 86400);
}

/// "day as %Y%m%d.%f" (CDO): months of what the fraction divides, 0 for days; nullopt: another
/// text.
std::optional<int> absolute_unit(const std::string& units) {
  const std::string text = lower(trimmed(units));
  if (text.starts_with("day as %y%m%d")) return 0;
  if (text.starts_with("month as %y%m")) return 1;
  if (text.starts_with("year as %y")) return 12;
  return std::nullopt;
}

Date absolute_date(Calendar calendar, int months, double value) {
  const double whole = std::floor(value), part = value - whole;
  const long number = static_cast<long>(whole);
  Date date;
  date.year = static_cast<int>(months == 0 ? number / 10000 : months == 1 ? number / 100 : number);
  if (months < 12) date.month = static_cast<int>(months == 0 ? number / 100 % 100 : number % 100);
  if (months == 0) date.day = static_cast<int>(number % 100);
  if (date.month < 1 || date.month > 12 || !exists(calendar, date)) return {0, 0, 0, 0};
  if (months == 0) return shifted(calendar, date, part * 86400);
  return months == 1 ? shifted_by_months(calendar, date, part) : shifted_by_years(calendar, date, part);
}

/// Spellings that cftime, and so xarray, decodes.
bool widely_known(const std::string& unit, const std::string& reference) {
  const std::string zone = trimmed(lower(reference));
  if (!zone.ends_with("utc") && zone.find_first_of("gu") != std::string::npos) return false;  // GMT, UT
  for (const char* name : {"days", "day", "d", "hours", "hour", "hrs", "hr", "h", "minutes", "minute", "mins",
                           "min", "seconds", "second", "secs", "sec", "s"})
    if (lower(unit) == name) return true;
  return false;
}

}  // namespace

Date shifted(Calendar calendar, const Date& start, double seconds) {
  const double total = start.second + seconds;
  const double days = std::floor(total / 86400);
  const double rest = std::round((total - days * 86400) * 1000) / 1000;
  return date_from_day_number(
      calendar, day_number(calendar, start.year, start.month, start.day) + static_cast<long>(days), rest);
}

Date parse_date(const std::string& text, Calendar calendar, const std::string& what) {
  const auto parsed = parse(text);
  if (!parsed)
    fail(ExitCode::usage, "{}: '{}' is no date; expected 'YYYY-MM-DD' or 'YYYY-MM-DDThh:mm:ss'", what, text);
  if (!exists(calendar, parsed->date))
    fail(ExitCode::usage, "{}: '{}' does not exist in the calendar {}; expected one of its days: {}", what,
         text, calendar_name(calendar), last_day_text(calendar, parsed->date));
  return shifted(calendar, parsed->date, -parsed->zone);
}

std::string date_text(const Date& date) {
  std::string text = fmt::format("{:04d}-{:02d}-{:02d}", date.year, date.month, date.day);
  const int second = std::min(static_cast<int>(std::lround(date.second)), 86399);
  if (second != 0) text += fmt::format("T{:02d}:{:02d}:{:02d}", second / 3600, second / 60 % 60, second % 60);
  return text;
}

bool DateRange::contains(const Date& date) const {
  // Field by field, so that '2010-12-31' ends a period in the 360-day calendar, too.
  const auto key = [](const Date& d) { return std::tuple(d.year, d.month, d.day, d.second); };
  return key(first) <= key(date) && key(date) <= key(last);
}

DateRange parse_date_range(const std::string& first, const std::string& last, const std::string& key) {
  const std::string where = fmt::format("{} '{}', '{}'", key, first, last);
  const auto one = [&](const std::string& text) {
    const auto parsed = parse(text);
    if (!parsed)
      fail(ExitCode::usage, "{}: '{}' is no date; expected 'YYYY-MM-DD' or 'YYYY-MM-DDThh:mm:ss'", where,
           text);
    if (parsed->zone != 0)
      fail(ExitCode::usage, "{}: '{}' is in a zone of its own; expected a time in UTC, as the data are",
           where, text);
    const Date& d = parsed->date;
    const int longest = std::max(30, days_in_month(Calendar::all_leap, d.year, d.month));
    if (d.day > longest)
      fail(ExitCode::usage, "{}: '{}' exists in no calendar; expected a day of that month, {} at most", where,
           text, d.month == 2 ? "29 (30 in the calendar 360_day)" : std::to_string(longest));
    return *parsed;
  };
  const ParsedDate from = one(first), to = one(last);
  DateRange range{from.date, to.date};
  if (!to.has_time) range.last.second = 86400;
  if (!range.contains(range.first))
    fail(ExitCode::usage, "{}: ends before it begins; expected the first date first", where);
  return range;
}

void require_days(const std::string& first, const std::string& last, Calendar calendar,
                  const std::string& key, const std::string& what) {
  const DateRange range = parse_date_range(first, last, key + " =");
  for (const Date& d : {range.first, range.last})
    if (!exists(calendar, d) && !exists(Calendar::proleptic_gregorian, d))
      fail(
          ExitCode::usage,
          "{} = '{}', '{}': {:04d}-{:02d}-{:02d} does not exist in the calendar {} of {}; expected one of its "
          "days: {}",
          key, first, last, d.year, d.month, d.day, calendar_name(calendar), what,
          last_day_text(calendar, d));
}

TimeUnits::TimeUnits(const std::string& units, const std::string& calendar, const std::string& where) {
  const std::string expected =
      "expected as in 'days since 1982-01-01' (set it with ncatted or cdo setreftime)";
  try {
    if (!trimmed(calendar).empty()) calendar_ = calendar_from_name(trimmed(calendar));
  } catch (const Error& error) {
    fail(ExitCode::data, "{}: {}", where, error.what());
  }
  start_ = origin_ = {1800, 1, 1, 0};
  if (const auto unit = absolute_unit(units)) {
    kind_ = Kind::absolute;
    months_ = *unit;
    is_plain_ = false;
    plain_ = "days since 1800-01-01 00:00:00";
    return;
  }
  const std::size_t since = lower(units).find(" since ");
  if (since == std::string::npos || trimmed(units.substr(0, since)).empty())
    fail(ExitCode::data, "{}: time units '{}' name no reference date; {}", where, units, expected);
  const std::string unit_name = trimmed(units.substr(0, since)),
                    reference_text = trimmed(units.substr(since + 7));
  const auto reference = parse(reference_text);
  if (!reference)
    fail(ExitCode::data, "{}: time units '{}': '{}' is no date; {}", where, units, reference_text, expected);
  Date start = reference->date;
  // As UDUNITS and cftime: the year before 1 is -1 in the calendars that were in use then.
  if (start.year < 0 && (calendar_ == Calendar::standard || calendar_ == Calendar::julian)) ++start.year;
  if (!exists(calendar_, start))
    fail(ExitCode::data, "{}: time units '{}': that day does not exist in the calendar {}; {}", where, units,
         calendar_name(calendar_), expected);
  start_ = shifted(calendar_, start, -reference->zone);
  months_ = months_of(unit_name);
  if (months_ != 0) kind_ = Kind::months;
  const double seconds = months_ != 0 ? 0 : unit_conversion(unit_name, "s", where).scale;
  if (kind_ == Kind::fixed && !(seconds > 0 && std::isfinite(seconds)))
    fail(ExitCode::data, "{}: time units '{}': a unit of {:g} s; {}", where, units, seconds, expected);
  // Year 0 is no year of the standard calendar for other readers.
  is_plain_ = kind_ == Kind::fixed && start_.year >= 1 && widely_known(unit_name, reference_text);
  if (kind_ == Kind::fixed) seconds_ = seconds;
  if (is_plain_) origin_ = start_, plain_ = units;
  if (is_plain_) return;
  if (start_.year >= 1) origin_ = {start_.year, start_.month, start_.day, 0};
  plain_ = fmt::format("days since {:04d}-{:02d}-{:02d} 00:00:00", origin_.year, origin_.month, origin_.day);
}

double TimeUnits::seconds() const {
  if (kind_ == Kind::fixed) return seconds_;
  return months_ == 0 ? 86400 : months_ * 365.2425 / 12 * 86400;
}

double TimeUnits::plain_value(const Date& date) const {
  return days_between(calendar_, origin_, date) * 86400 / (is_plain_ ? seconds_ : 86400);
}

std::optional<Date> TimeUnits::date(double value) const {
  if (kind_ == Kind::absolute) {
    if (!(value >= 1 && value < 1e9)) return std::nullopt;
    const Date date = absolute_date(calendar_, months_, value);
    return date.day == 0 ? std::nullopt : std::optional(date);
  }
  if (!(std::abs(value) * seconds() / 86400 < 1e8)) return std::nullopt;  // NaN too
  if (kind_ == Kind::fixed) return shifted(calendar_, start_, value * seconds_);
  return months_ == 12 ? shifted_by_years(calendar_, start_, value)
                       : shifted_by_months(calendar_, start_, value * months_);
}

}  // namespace podscale
