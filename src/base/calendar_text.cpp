// Dates and CF time units as text.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <regex>
#include <tuple>

#include "podscale/base/calendar.hpp"
#include "podscale/base/error.hpp"
#include "podscale/base/units.hpp"

namespace podscale {
namespace {

struct ParsedDate {
  Date date;
  bool has_time = false;
  double zone = 0;  // seconds east of UTC
};

/// "Y-M-D[T or blank]h:m:s.s zone"; nullopt where the text is none or a number is out of any calendar's
/// range.
std::optional<ParsedDate> parse(const std::string& text) {
  static const std::regex pattern(
      R"(^\s*([+-]?\d{1,5})-(\d{1,2})-(\d{1,2})(?:(?:T|\s+)(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?)?)?)"
      R"(\s*(?:(Z|UTC|GMT|UT)|([+-])(\d{1,2}):?(\d{2})?)?\s*$)",
      std::regex::icase);
  std::smatch m;
  if (!std::regex_match(text, m, pattern)) return std::nullopt;
  const auto number = [&](int i) { return m[i].matched ? std::atoi(m[i].str().c_str()) : 0; };
  ParsedDate p;
  p.date = {number(1), number(2), number(3), 0};
  p.has_time = m[4].matched;
  const double second = m[6].matched ? std::strtod(m[6].str().c_str(), nullptr) : 0;
  if (p.date.month < 1 || p.date.month > 12 || p.date.day < 1 || p.date.day > 31 || number(4) > 23 ||
      number(5) > 59 || second >= 61)
    return std::nullopt;
  p.date.second = number(4) * 3600 + number(5) * 60 + second;
  if (m[8].matched) p.zone = (m[8] == "-" ? -1 : 1) * (number(9) * 3600 + number(10) * 60);
  return p;
}

bool exists(Calendar calendar, const Date& d) {
  const Date same = date_from_day_number(calendar, day_number(calendar, d.year, d.month, d.day));
  return same.year == d.year && same.month == d.month && same.day == d.day;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

/// Calendar months a unit stands for, 0 for units of fixed length. CF leaves "months since" to UDUNITS' mean
/// month of 30.44 days, which no producer of monthly data means.
int months_of(const std::string& unit) {
  static const std::regex month("months?|mons?|calendar_months?", std::regex::icase);
  static const std::regex year("years?|yrs?|calendar_years?", std::regex::icase);
  return std::regex_match(unit, month) ? 1 : std::regex_match(unit, year) ? 12 : 0;
}

/// Date `seconds` after `start`, to the millisecond: whole seconds survive the rounding of fractional days.
Date shifted(Calendar calendar, const Date& start, double seconds) {
  const double total = start.second + seconds;
  const double days = std::floor(total / 86400);
  const double rest = std::round((total - days * 86400) * 1000) / 1000;
  return date_from_day_number(
      calendar, day_number(calendar, start.year, start.month, start.day) + static_cast<long>(days), rest);
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

}  // namespace

Date parse_date(const std::string& text, Calendar calendar, const std::string& what) {
  const auto parsed = parse(text);
  if (!parsed)
    fail(ExitCode::usage, "{}: '{}' is no date; expected 'YYYY-MM-DD' or 'YYYY-MM-DDThh:mm:ss'", what, text);
  if (!exists(calendar, parsed->date))
    fail(ExitCode::usage, "{}: '{}' does not exist in the calendar {}; expected one of its days", what, text,
         calendar_name(calendar));
  return shifted(calendar, parsed->date, -parsed->zone);
}

std::string date_text(const Date& date) {
  std::string text = fmt::format("{:04d}-{:02d}-{:02d}", date.year, date.month, date.day);
  const int second = std::min(static_cast<int>(std::lround(date.second)), 86399);
  if (second != 0) text += fmt::format("T{:02d}:{:02d}:{:02d}", second / 3600, second / 60 % 60, second % 60);
  return text;
}

std::vector<long> steps_between(const TimeAxis& axis, const std::string& first, const std::string& last) {
  // Compared field by field, so that '2010-12-31' ends a period in the 360-day calendar, too.
  const auto from = parse(first), to = parse(last);
  if (!from || !to)
    fail(ExitCode::usage, "period '{}', '{}': '{}' is no date; expected 'YYYY-MM-DD'", first, last,
         from ? last : first);
  const auto key = [](const Date& d) { return std::tuple(d.year, d.month, d.day, d.second); };
  Date end = to->date;
  if (!to->has_time) end.second = 86400;
  if (key(end) < key(from->date))
    fail(ExitCode::usage, "period '{}', '{}': ends before it begins; expected the first date first", first,
         last);
  std::vector<long> steps;
  for (std::size_t t = 0; t < axis.dates.size(); ++t)
    if (key(from->date) <= key(axis.dates[t]) && key(axis.dates[t]) <= key(end))
      steps.push_back(static_cast<long>(t));
  return steps;
}

TimeAxis decode_times(const std::vector<double>& values, const std::string& units,
                      const std::string& calendar, const std::string& where) {
  const std::string expected =
      "expected as in 'days since 1982-01-01' (set it with ncatted or cdo setreftime)";
  static const std::regex since(R"(^\s*(.*\S)\s+since\s+(.*)$)", std::regex::icase);
  std::smatch m;
  if (!std::regex_match(units, m, since))
    fail(ExitCode::data, "{}: time units '{}' name no reference date; {}", where, units, expected);
  TimeAxis axis;
  try {
    axis.calendar = trimmed(calendar).empty() ? Calendar::standard : calendar_from_name(trimmed(calendar));
  } catch (const Error& error) {
    fail(ExitCode::data, "{}: {}", where, error.what());
  }
  const auto reference = parse(m[2]);
  if (!reference)
    fail(ExitCode::data, "{}: time units '{}': '{}' is no date; {}", where, units, m[2].str(), expected);
  if (!exists(axis.calendar, reference->date))
    fail(ExitCode::data, "{}: time units '{}': that day does not exist in the calendar {}; {}", where, units,
         calendar_name(axis.calendar), expected);
  const Date start = shifted(axis.calendar, reference->date, -reference->zone);
  const int months = months_of(m[1]);
  const double unit = months ? 0 : unit_conversion(m[1], "s", where).scale;
  axis.units = units;
  axis.values = values;
  axis.dates.reserve(values.size());
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double reach = months ? std::abs(values[t]) * months * 31 : std::abs(values[t]) * unit / 86400;
    if (!(reach < 1e8))
      fail(ExitCode::data,
           "{}: value {} at step {} is missing or no time in '{}'; repair the time axis first", where,
           values[t], t + 1, units);
    axis.dates.push_back(months ? shifted_by_months(axis.calendar, start, values[t] * months)
                                : shifted(axis.calendar, start, values[t] * unit));
  }
  return axis;
}

}  // namespace podscale
