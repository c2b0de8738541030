#include "podscale/core/calendar.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
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
  return date_text(decode_times({value}, units, calendar, "t.nc: time 'time'").dates[0]);
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

void expect_refused(double value, const std::string& units, const std::string& calendar,
                    const std::string& part) {
  try {
    decode_times({value}, units, calendar, "t.nc: time 'time'");
    FAIL() << units << " is read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data) << error.what();
    EXPECT_NE(std::string(error.what()).find("t.nc: time 'time'"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(Times, WhatIsNotCfIsRefused) {
  expect_refused(1, "Month", "", "'Month'");
  expect_refused(1, "wibble", "", "'wibble'");
  expect_refused(1, "", "", "no reference date");
  expect_refused(1, "wibbles since 2000-01-01", "", "'wibbles'");
  expect_refused(1, "metres since 2000-01-01", "", "'metres'");
  for (const char* text :
       {"yesterday", "2000-01-01 25:00", "2000-01-01T", "2000-01", "2000-1-1 12:", "2000-1-1 1:2:3 CET",
        "2000-001-01", "2000-01-01 +25:00", "2000-01-01 00:00:00 +1:"})
    expect_refused(1, std::string("days since ") + text, "", "'" + std::string(text) + "'");
  expect_refused(1, " since 2000-01-01", "", "no reference date");
  expect_refused(1, "days since 2000-13-01", "", "2000-13-01");
  expect_refused(1, "days since 2000-02-30", "standard", "does not exist");
  expect_refused(1, "days since 1582-10-10", "standard", "does not exist");
  expect_refused(1, "days since 2000-01-01", "lunar", "'lunar'");
  expect_refused(std::nan(""), "days since 2000-01-01", "", "nan");
  expect_refused(9.969209968386869e36, "days since 2000-01-01", "", "missing");
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

TimeAxis daily(int days, const std::string& units = "days since 2000-01-01 12:00:00",
               const std::string& calendar = "") {
  std::vector<double> values;
  for (int t = 0; t < days; ++t) values.push_back(t);
  return decode_times(values, units, calendar, "x");
}

TEST(Times, PeriodsIncludeTheirLastDay) {
  const TimeAxis axis = daily(400);
  EXPECT_EQ(steps_between(axis, "2000-01-01", "2000-01-03"), (std::vector<long>{0, 1, 2}));
  EXPECT_EQ(steps_between(axis, "2000-12-31", "2001-12-31").size(), 35u);
  EXPECT_TRUE(steps_between(axis, "1990-01-01", "1999-12-31").empty());
  EXPECT_THROW(steps_between(axis, "2001-01-01", "2000-01-01"), Error);
  EXPECT_THROW(steps_between(axis, "2000", "2001"), Error);
  // The 31st ends a period in the 360-day calendar, too.
  EXPECT_EQ(steps_between(daily(720, "days since 2000-01-01", "360_day"), "2000-01-01", "2000-12-31").size(),
            360u);
}

TEST(Times, MonthlyAxesAndKeys) {
  EXPECT_FALSE(daily(40).is_monthly());
  const TimeAxis monthly = decode_times({15.5, 45, 74.5, 105}, "days since 2000-01-01", "", "x");
  EXPECT_TRUE(monthly.is_monthly());
  EXPECT_EQ(decode_times({0, 1.75}, "days since 1800-01-01", "", "x").time_key(1), 42u);
  EXPECT_EQ(decode_times({360}, "days since 1800-01-01", "360_day", "x").time_key(0), 8640u);
}

TEST(Times, KeysAreThoseOfTheSecondAndTheHourAloneOnWholeHours) {
  std::vector<double> seconds;
  for (const double hour : {-30.0, 0.0, 1.0, 1.5e6})
    for (const double second : {0.0, 1.0, 599.0, 600.0, 1800.0, 3599.0})
      seconds.push_back(3600 * hour + second);
  const TimeAxis axis = decode_times(seconds, "seconds since 1800-01-01", "proleptic_gregorian", "x");
  std::set<std::uint64_t> keys;
  for (std::size_t t = 0; t < seconds.size(); ++t) {
    EXPECT_TRUE(keys.insert(axis.time_key(t)).second) << axis.time_key(t);
    const auto hour = static_cast<std::uint32_t>(static_cast<long>(std::floor(seconds[t] / 3600)));
    if (t % 6 == 0) {
      EXPECT_EQ(axis.time_key(t), hour);
    }
  }
  // An hour that its unit cannot hold exactly is that hour.
  const TimeAxis inexact = decode_times({1.0 / 24, 1 - 1e-14}, "days since 1800-01-01", "", "x");
  EXPECT_EQ(inexact.time_key(0), 1u);
  EXPECT_EQ(inexact.time_key(1), 24u);
}

TEST(Times, MatchByDayOrByMonth) {
  const TimeAxis noon = daily(10), midnight = daily(10, "days since 2000-01-04", "noleap");
  const auto days = match_steps(noon, {0, 3, 5}, midnight);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0].a, 3);
  EXPECT_EQ(days[0].b, 0);
  EXPECT_EQ(days[1].a, 5);
  EXPECT_EQ(days[1].b, 2);

  const TimeAxis begin = decode_times({0, 31, 60, 91}, "days since 2000-01-01", "", "x");
  const TimeAxis middle = decode_times({45, 75, 105}, "days since 2000-01-01", "360_day", "x");
  const auto months = match_steps(begin, {0, 1, 2, 3}, middle);
  ASSERT_EQ(months.size(), 3u);
  EXPECT_EQ(months[0].a, 1);
  EXPECT_EQ(months[0].b, 0);

  // Paired by month, both have the phase of the middle of the month, whatever its day.
  EXPECT_TRUE(match_by_month(begin, middle));
  EXPECT_FALSE(match_by_month(begin, noon));
  EXPECT_DOUBLE_EQ(year_phase(begin, 1, true), 1.5 / 12);
  EXPECT_DOUBLE_EQ(year_phase(middle, 0, true), 1.5 / 12);
  EXPECT_DOUBLE_EQ(year_phase(begin, 1, false), 31.0 / 366);

  const TimeAxis six_hourly = decode_times({0, 6, 12, 18, 24}, "hours since 2000-01-01", "", "x");
  const auto hours = match_steps(noon, {0, 1}, six_hourly);  // several a day: by the time of day
  ASSERT_EQ(hours.size(), 2u);
  EXPECT_EQ(hours[0].b, 2);
}

}  // namespace
}  // namespace podscale
