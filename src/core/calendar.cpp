#include "podscale/core/calendar.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"

namespace podscale {
namespace {

constexpr int kDaysBefore[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

long floor_div(long a, long b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

bool is_leap(Calendar calendar, int year) {
  switch (calendar) {
    case Calendar::noleap:
    case Calendar::day360:
      return false;
    case Calendar::all_leap:
      return true;
    case Calendar::julian:
      return year % 4 == 0;
    default:
      return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  }
}

/// Days since 0001-01-01 of a calendar of one rule (not standard).
long plain_day_number(Calendar calendar, int year, int month, int day) {
  const long y = year - 1L;
  if (calendar == Calendar::day360) return y * 360 + (month - 1) * 30 + day - 1;
  long leap_days = 0;
  if (calendar == Calendar::julian) leap_days = floor_div(y, 4);
  if (calendar == Calendar::proleptic_gregorian)
    leap_days = floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
  if (calendar == Calendar::all_leap) leap_days = y;
  const int this_year = month > 2 && is_leap(calendar, year) ? 1 : 0;
  return y * 365 + leap_days + kDaysBefore[month - 1] + this_year + day - 1;
}

}  // namespace

Calendar calendar_from_name(const std::string& name) {
  const std::string text = lower(name);
  if (text == "standard" || text == "gregorian") return Calendar::standard;
  if (text == "proleptic_gregorian") return Calendar::proleptic_gregorian;
  if (text == "julian") return Calendar::julian;
  if (text == "noleap" || text == "365_day" || text == "no_leap") return Calendar::noleap;
  if (text == "all_leap" || text == "366_day") return Calendar::all_leap;
  if (text == "360_day" || text == "360") return Calendar::day360;
  fail(ExitCode::data,
       "calendar '{}' is not known; expected standard, gregorian, proleptic_gregorian, julian, "
       "noleap, 365_day, all_leap, 366_day or 360_day",
       name);
}

const char* calendar_name(Calendar calendar) {
  switch (calendar) {
    case Calendar::standard:
      return "standard";
    case Calendar::proleptic_gregorian:
      return "proleptic_gregorian";
    case Calendar::julian:
      return "julian";
    case Calendar::noleap:
      return "noleap";
    case Calendar::all_leap:
      return "all_leap";
    case Calendar::day360:
      return "360_day";
  }
  return "standard";
}

long day_number(Calendar calendar, int year, int month, int day) {
  PODSCALE_ASSERT(month >= 1 && month <= 12, "month {}", month);
  if (calendar != Calendar::standard) return plain_day_number(calendar, year, month, day);
  if (std::tuple(year, month, day) < std::tuple(1582, 10, 15))
    return plain_day_number(Calendar::julian, year, month, day);
  // 0001-01-01 of the Julian calendar is two days before that of the Gregorian one.
  return plain_day_number(Calendar::proleptic_gregorian, year, month, day) + 2;
}

Date date_from_day_number(Calendar calendar, long number, double second) {
  const long carry = static_cast<long>(std::floor(second / 86400));
  number += carry;
  second -= 86400.0 * static_cast<double>(carry);
  int year = static_cast<int>(floor_div(number, 366)) + 1;  // a year near it, then walk
  if (calendar == Calendar::day360)
    year = static_cast<int>(floor_div(number, 360)) + 1;
  else
    year += static_cast<int>((number - day_number(calendar, year, 1, 1)) / 366);
  while (day_number(calendar, year, 1, 1) > number) --year;
  while (day_number(calendar, year + 1, 1, 1) <= number) ++year;
  int month = 12;
  while (day_number(calendar, year, month, 1) > number) --month;
  long day = number - day_number(calendar, year, month, 1) + 1;
  if (calendar == Calendar::standard && year == 1582 && month == 10 && day > 4) day += 10;
  return {year, month, static_cast<int>(day), second};
}

int days_in_year(Calendar calendar, int year) {
  return static_cast<int>(day_number(calendar, year + 1, 1, 1) - day_number(calendar, year, 1, 1));
}

int days_in_month(Calendar calendar, int year, int month) {
  const long next =
      month == 12 ? day_number(calendar, year + 1, 1, 1) : day_number(calendar, year, month + 1, 1);
  return static_cast<int>(next - day_number(calendar, year, month, 1));
}

double year_fraction(Calendar calendar, const Date& date) {
  const long day =
      day_number(calendar, date.year, date.month, date.day) - day_number(calendar, date.year, 1, 1);
  return (static_cast<double>(day) + date.second / 86400) / days_in_year(calendar, date.year);
}

double days_between(Calendar calendar, const Date& from, const Date& to) {
  return static_cast<double>(day_number(calendar, to.year, to.month, to.day) -
                             day_number(calendar, from.year, from.month, from.day)) +
         (to.second - from.second) / 86400;
}

}  // namespace podscale
