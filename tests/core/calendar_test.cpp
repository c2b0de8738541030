#include "podscale/core/calendar.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr Calendar kAll[] = {Calendar::standard, Calendar::proleptic_gregorian,
                             Calendar::julian,   Calendar::noleap,
                             Calendar::all_leap, Calendar::day360};

// python3 -c "import cftime; print(cftime.date2num(cftime.datetime(1800,1,1,calendar='standard'),
//   'days since 0001-01-01','standard'))" and so on.
TEST(Calendar, DayNumbersOfCftime) {
  struct Fact {
    Calendar calendar;
    int year, month, day;
    long number;
  };
  for (const auto& f : {Fact{Calendar::standard, 1800, 1, 1, 657073},
                        {Calendar::standard, 2000, 2, 29, 730180},
                        {Calendar::standard, 4, 3, 1, 1155},
                        {Calendar::proleptic_gregorian, 1800, 1, 1, 657071},
                        {Calendar::proleptic_gregorian, 1900, 3, 1, 693654},
                        {Calendar::julian, 1900, 3, 1, 693669},
                        {Calendar::julian, 2000, 2, 29, 730193},
                        {Calendar::noleap, 1999, 12, 30, 729633},
                        {Calendar::noleap, 1900, 3, 1, 693194},
                        {Calendar::all_leap, 2000, 2, 29, 731693},
                        {Calendar::day360, 1800, 1, 1, 647640},
                        {Calendar::day360, 2000, 2, 29, 719698}})
    EXPECT_EQ(day_number(f.calendar, f.year, f.month, f.day), f.number)
        << calendar_name(f.calendar) << " " << f.year;
}

TEST(Calendar, DatesAndDayNumbersAreInverse) {
  for (const Calendar calendar : kAll) {
    Date before = date_from_day_number(calendar, -1000001);
    for (long n = -1000000; n < 1000000; n += n % 7 ? 1 : 97) {
      const Date d = date_from_day_number(calendar, n);
      ASSERT_EQ(day_number(calendar, d.year, d.month, d.day), n)
          << calendar_name(calendar) << " " << date_text(d);
      ASSERT_TRUE(std::tuple(before.year, before.month, before.day) < std::tuple(d.year, d.month, d.day))
          << date_text(d);
      before = d;
    }
  }
}

TEST(Calendar, LengthsOfMonthsAndYears) {
  EXPECT_EQ(days_in_month(Calendar::standard, 2000, 2), 29);
  EXPECT_EQ(days_in_month(Calendar::standard, 1900, 2), 28);
  EXPECT_EQ(days_in_month(Calendar::julian, 1900, 2), 29);
  EXPECT_EQ(days_in_month(Calendar::noleap, 2000, 2), 28);
  EXPECT_EQ(days_in_month(Calendar::all_leap, 2001, 2), 29);
  EXPECT_EQ(days_in_month(Calendar::day360, 2001, 2), 30);
  EXPECT_EQ(days_in_month(Calendar::standard, 2001, 12), 31);
  EXPECT_EQ(days_in_month(Calendar::standard, 1582, 10), 21);  // the ten days that never were
  EXPECT_EQ(days_in_year(Calendar::standard, 1582), 355);
  EXPECT_EQ(days_in_year(Calendar::standard, 2004), 366);
  EXPECT_EQ(days_in_year(Calendar::noleap, 2004), 365);
  EXPECT_EQ(days_in_year(Calendar::day360, 2004), 360);
}

TEST(Calendar, NamesAndSynonyms) {
  EXPECT_EQ(calendar_from_name("gregorian"), Calendar::standard);
  EXPECT_EQ(calendar_from_name("365_day"), Calendar::noleap);
  EXPECT_EQ(calendar_from_name("366_day"), Calendar::all_leap);
  EXPECT_EQ(calendar_from_name("NoLeap"), Calendar::noleap);
  for (const Calendar calendar : kAll) EXPECT_EQ(calendar_from_name(calendar_name(calendar)), calendar);
  EXPECT_THROW(calendar_from_name("mayan"), Error);
}

TEST(Calendar, PhaseOfTheYearIsComparable) {
  EXPECT_DOUBLE_EQ(year_fraction(Calendar::standard, {2001, 1, 1, 0}), 0);
  EXPECT_DOUBLE_EQ(year_fraction(Calendar::day360, {2001, 7, 1, 0}), 0.5);
  EXPECT_DOUBLE_EQ(year_fraction(Calendar::noleap, {2001, 12, 31, 43200}), 364.5 / 365);
  EXPECT_DOUBLE_EQ(year_fraction(Calendar::standard, {2000, 12, 31, 43200}), 365.5 / 366);
}

std::string decoded(double value, const std::string& units, const std::string& calendar) {
  return date_text(*TimeUnits(units, calendar, "t.nc: time 'time'").date(value));
}

// python3 -c "import cftime; print(cftime.num2date(1234567, 'hours since 1800-01-01', 'noleap'))"
// and so on.
TEST(Times, DecodeAsCftime) {
  EXPECT_EQ(decoded(0, "days since 1582-10-04", "standard"), "1582-10-04");
  EXPECT_EQ(decoded(1, "days since 1582-10-04", ""), "1582-10-15");
  EXPECT_EQ(decoded(1, "days since 1582-10-04", "proleptic_gregorian"), "1582-10-05");
  EXPECT_EQ(decoded(10957.5, "days since 1970-01-01", "gregorian"), "2000-01-01T12:00:00");
  EXPECT_EQ(decoded(1234567, "hours since 1800-01-01", "noleap"), "1940-12-07T07:00:00");
  EXPECT_EQ(decoded(400000, "days since 0001-01-01", "julian"), "1096-02-22");
  EXPECT_EQ(decoded(730000, "days since 1-1-1", "standard"), "1999-09-02");
  EXPECT_EQ(decoded(59.25, "days since 2000-01-01", "360_day"), "2000-02-30T06:00:00");
  EXPECT_EQ(decoded(59.25, "days since 2000-01-01", "all_leap"), "2000-02-29T06:00:00");
  EXPECT_EQ(decoded(59.25, "days since 2001-01-01", "365_day"), "2001-03-01T06:00:00");
  EXPECT_EQ(decoded(1e9, "seconds since 1970-01-01T00:00:00Z", ""), "2001-09-09T01:46:40");
  EXPECT_EQ(decoded(1104483600, "seconds since 1981-01-01 00:00:00 UTC", ""), "2016-01-01T09:00:00");
  EXPECT_EQ(decoded(-1.5, "days since 2000-03-01", "proleptic_gregorian"), "2000-02-28T12:00:00");
  EXPECT_EQ(decoded(90000.123, "minutes since 1992-10-8 15:15:42.5", ""), "1992-12-10T03:15:50");  // 49.88 s
  EXPECT_EQ(decoded(36500, "Days Since 1850-01-01 00:00:0.0", "noleap"), "1950-01-01");
  EXPECT_EQ(decoded(1, "weeks since 2000-01-01", ""), "2000-01-08");
}

// CF-1.8, section 4.4: local time = UTC + zone, so "-6:00" is six hours before UTC.
TEST(Times, TimeZones) {
  EXPECT_EQ(decoded(0, "hours since 2000-01-01 00:00:00+05:30", ""), "1999-12-31T18:30:00");
  EXPECT_EQ(decoded(0, "hours since 2000-01-01 00:00:00 -6:00", ""), "2000-01-01T06:00:00");
  EXPECT_EQ(decoded(0, "hours since 2000-01-01 12:00 +0100", ""), "2000-01-01T11:00:00");
}

TEST(Times, MonthsAreCalendarMonths) {
  EXPECT_EQ(decoded(0, "months since 1960-01-01", ""), "1960-01-01");
  EXPECT_EQ(decoded(14.5, "months since 1960-01-01", "360_day"), "1961-03-16");
  EXPECT_EQ(decoded(-1, "months since 1960-01-15", ""), "1959-12-15");
  EXPECT_EQ(decoded(25, "month since 1960-01-01", "standard"), "1962-02-01");
  EXPECT_EQ(decoded(40, "years since 1960-02-01", "standard"), "2000-02-01");
}

TEST(Times, AFractionOfAYearIsOneOfThatYear) {
  for (const int year : {2000, 2001})
    for (const int day : {0, 31, 59, 60, 200, 364}) {
      const std::string expected =
          date_text(date_from_day_number(Calendar::standard, day_number(Calendar::standard, year, 1, 1) + day));
      const double value = year + day / static_cast<double>(year == 2000 ? 366 : 365);
      EXPECT_EQ(decoded(value, "years since 0000-01-01", ""), expected);
      EXPECT_EQ(decoded(value - 1990, "years since 1990-01-01", ""), expected);
      EXPECT_EQ(decoded(value, "year as %Y.%f", ""), expected);
    }
  EXPECT_EQ(decoded(2000.5, "years since 0000-01-01", "360_day"), "2000-07-01");
}

TEST(Times, AbsoluteAxesOfCdo) {
  EXPECT_EQ(decoded(19821231.75, "day as %Y%m%d.%f", ""), "1982-12-31T18:00:00");
  EXPECT_EQ(decoded(19820230, "day as %Y%m%d.%f", "360_day"), "1982-02-30");
  EXPECT_EQ(decoded(198212.5, "month as %Y%m.%f", "standard"), "1982-12-16T12:00:00");
  for (const double wrong : {19821301.0, 19820230.0, -1.0, std::nan("")})
    EXPECT_FALSE(TimeUnits("day as %Y%m%d.%f", "standard", "x").date(wrong)) << wrong;
}

// What cftime.num2date takes: it refuses months (but in 360_day), years, weeks and a year 0.
TEST(Times, UnitsThatOthersCannotDecodeBecomeDays) {
  const auto plain = [](const std::string& units) { return TimeUnits(units, "", "x").plain(); };
  for (const std::string units : {"days since 1978-01-01 00:00:00", "seconds since 1970-01-01T00:00:00Z",
                                  "hours since 1800-1-1 00:00:0.0", "h since 2000-01-01 UTC"})
    EXPECT_EQ(plain(units), units);
  EXPECT_EQ(plain("months since 1990-01-15"), "days since 1990-01-15 00:00:00");
  EXPECT_EQ(plain("years since 0000-01-01"), "days since 1800-01-01 00:00:00");
  EXPECT_EQ(plain("days since 0000-01-01"), "days since 1800-01-01 00:00:00");
  EXPECT_EQ(plain("weeks since 1990-01-01"), "days since 1990-01-01 00:00:00");
  EXPECT_EQ(plain("day as %Y%m%d.%f"), "days since 1800-01-01 00:00:00");
  const TimeUnits months("months since 1990-01-01", "noleap", "x");
  EXPECT_DOUBLE_EQ(months.plain_value(*months.date(26)), 2 * 365 + 59);
  const TimeUnits hours("hours since 1990-01-01", "", "x");
  EXPECT_DOUBLE_EQ(hours.plain_value(*hours.date(7.25)), 7.25);
}

void expect_refused(const std::string& units, const std::string& calendar, const std::string& part) {
  try {
    TimeUnits(units, calendar, "t.nc: time 'time'");
    FAIL() << units << " is read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data) << error.what();
    EXPECT_NE(std::string(error.what()).find("t.nc: time 'time'"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(Times, WhatIsNotCfIsRefused) {
  expect_refused("Month", "", "'Month'");
  expect_refused("wibble", "", "'wibble'");
  expect_refused("-1 days since 2000-01-01", "", "a unit of -86400 s");
  expect_refused("-1e34days since 2000-01-01", "", "a unit of -8.64e+38 s");
  expect_refused("", "", "no reference date");
  expect_refused("wibbles since 2000-01-01", "", "'wibbles'");
  expect_refused("metres since 2000-01-01", "", "'metres'");
  for (const char* text :
       {"yesterday", "2000-01-01 25:00", "2000-01-01T", "2000-01", "2000-1-1 12:", "2000-1-1 1:2:3 CET",
        "2000-001-01", "2000-01-01 +25:00", "2000-01-01 00:00:00 +1:"})
    expect_refused(std::string("days since ") + text, "", "'" + std::string(text) + "'");
  expect_refused(" since 2000-01-01", "", "no reference date");
  expect_refused("days since 2000-13-01", "", "2000-13-01");
  expect_refused("days since 2000-02-30", "standard", "does not exist");
  expect_refused("days since 1582-10-10", "standard", "does not exist");
  expect_refused("days since 2000-01-01", "lunar", "'lunar'");
  const TimeUnits days("days since 2000-01-01", "", "x");
  EXPECT_FALSE(days.date(std::nan("")));
  EXPECT_FALSE(days.date(9.969209968386869e36));
}

TEST(Times, DatesFromText) {
  const Date d = parse_date("1982-01-31T12:30:15", Calendar::standard, "data.train");
  EXPECT_EQ(date_text(d), "1982-01-31T12:30:15");
  EXPECT_EQ(date_text(parse_date("2000-02-30", Calendar::day360, "data.train")), "2000-02-30");
  for (const char* text : {"1982", "1982-02-30", "31.01.1982", "1982-01-31T25:00:00", ""}) {
    try {
      parse_date(text, Calendar::standard, "data.train");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find("data.train"), std::string::npos);
    }
  }
}

std::string refusal_of_period(const std::string& first, const std::string& last, Calendar calendar) {
  try {
    require_days(first, last, calendar, "data.downscale", "tos in hr.nc");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST(Times, DaysOfAPeriodMustExist) {
  const std::string end = "2003-12-31";
  EXPECT_EQ(
      refusal_of_period("2002-02-29", end, Calendar::standard),
      "data.downscale = '2002-02-29', '2003-12-31': 2002-02-29 does not exist in the calendar standard of tos "
      "in hr.nc; expected one of its days: 2002-02 ends on day 28 there");
  EXPECT_NE(refusal_of_period("2002-02-30", end, Calendar::standard), "");
  EXPECT_NE(refusal_of_period("2000-01-01", "2000-02-30", Calendar::noleap).find("ends on day 28"),
            std::string::npos);
  EXPECT_NE(refusal_of_period("2000-01-01", "2001-02-29", Calendar::noleap), "");
  EXPECT_EQ(
      refusal_of_period("2002-04-31", end, Calendar::day360),
      "data.downscale = '2002-04-31', '2003-12-31': '2002-04-31' exists in no calendar; expected a day of that "
      "month, 30 at most");
  EXPECT_EQ(refusal_of_period("2002-02-30", end, Calendar::day360), "");
  EXPECT_EQ(refusal_of_period("2001-02-29", end, Calendar::all_leap), "");
  // A period is written once for series of several calendars.
  EXPECT_EQ(refusal_of_period("2002-01-31", end, Calendar::day360), "");
  EXPECT_EQ(refusal_of_period("2000-02-29", end, Calendar::noleap), "");
  for (const char* text : {"2002-13-01", "2002-00-10", "20020201", "2002-02", "Feb 2002", "02-01-2002"})
    EXPECT_NE(refusal_of_period(text, end, Calendar::standard).find("is no date"), std::string::npos) << text;
}

TEST(Times, TimesOfDayInAPeriodCountInUtc) {
  const DateRange range = parse_date_range("2002-01-01T12:00:00", "2002-01-03T06:00:00Z");
  EXPECT_FALSE(range.contains({2002, 1, 1, 43199}));
  EXPECT_TRUE(range.contains({2002, 1, 1, 43200}));
  EXPECT_TRUE(range.contains({2002, 1, 3, 21600}));
  EXPECT_FALSE(range.contains({2002, 1, 3, 21601}));
  EXPECT_TRUE(parse_date_range("2002-01-01", "2002-01-03").contains({2002, 1, 3, 86399}));
  EXPECT_NE(refusal_of_period("2002-01-01T12:00:00+10:00", "2003-12-31", Calendar::standard).find("in UTC"),
            std::string::npos);
}

TEST(Times, YearsBeforeTheFirstAreThoseOfCftime) {
  const auto date = [](double value, const char* units, const char* calendar) {
    return date_text(*TimeUnits(units, calendar, "x").date(value));
  };
  // cftime 1.6.2: standard and julian have no year 0, the others do.
  EXPECT_EQ(date(2448257.25, "days since -4713-01-01 12:00:00", "standard"), "1990-12-31T18:00:00");
  EXPECT_EQ(date(2448257.25, "days since -4712-01-01 12:00:00", "standard"), "1992-01-01T18:00:00");
  EXPECT_EQ(date(2448257.25, "days since -4713-01-01 12:00:00", "julian"), "1990-12-18T18:00:00");
  EXPECT_EQ(date(2448257.25, "days since -0001-12-31", "standard"), "6704-02-05T06:00:00");
  EXPECT_EQ(date(2448257.25, "days since -4713-01-01 12:00:00", "proleptic_gregorian"),
            "1990-02-07T18:00:00");
  EXPECT_EQ(date(2448257.25, "days since -4713-01-01 12:00:00", "noleap"), "1994-07-22T18:00:00");
  EXPECT_EQ(date(2448257.25, "days since -4713-01-01 12:00:00", "360_day"), "2087-09-18T18:00:00");
}

}  // namespace
}  // namespace podscale
