// Which steps belong together, and what a lag finds.
#include "podscale/core/pairing.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"

namespace podscale {
namespace {

SampleAxis axis_of(const std::vector<double>& values, const std::string& units = "days since 2000-01-01",
                   const std::string& calendar = "") {
  SampleAxis axis = decode_times(values, units, calendar, "x");
  understand(axis);
  return axis;
}
SampleAxis days(int count, double first = 0, const std::string& calendar = "", double step = 1) {
  std::vector<double> values;
  for (int t = 0; t < count; ++t) values.push_back(first + t * step);
  return axis_of(values, "days since 2000-01-01", calendar);
}
/// Months of a calendar from January 2000, stamped at a fraction of each.
SampleAxis months(int count, double fraction, const std::string& calendar = "") {
  std::vector<double> values;
  for (int m = 0; m < count; ++m) values.push_back(m + fraction);
  return axis_of(values, "months since 2000-01-01", calendar);
}
std::vector<long> all(const SampleAxis& axis) {
  std::vector<long> steps(axis.size());
  std::iota(steps.begin(), steps.end(), 0l);
  return steps;
}
Pairing paired(const SampleAxis& a, const SampleAxis& b) {
  return pair_steps(a, all(a), b, all(b));
}
/// Step of b less step of a, the same for all pairs; -99 where not.
long shift(const Pairing& found) {
  if (found.pairs.empty()) return -99;
  const long first = found.pairs[0].b - found.pairs[0].a;
  for (const StepPair& pair : found.pairs)
    if (pair.b - pair.a != first) return -99;
  return first;
}

TEST(Pairing, DaysAtAnyHour) {
  for (const double a : {0.0, 9.0 / 24, 0.5, 0.99})
    for (const double b : {0.0, 9.0 / 24, 0.5, 0.99}) {
      const Pairing found = paired(days(40, a), days(35, 3 + b));
      EXPECT_EQ(found.pairs.size(), 35u);
      EXPECT_EQ(shift(found), -3) << a << " " << b;
      EXPECT_EQ(found.lonely_a, (std::vector<long>{0, 1, 2, 38, 39}));
      EXPECT_TRUE(found.lonely_b.empty());
    }
}

TEST(Pairing, MonthsOfAnyCalendarsAndStamps) {
  for (const std::string a : {"standard", "360_day", "noleap", "all_leap", "julian"})
    for (const std::string b : {"proleptic_gregorian", "360_day", "noleap"})
      for (const double of_a : {0.0, 0.5, 0.97})
        for (const double of_b : {0.0, 0.5, 0.97}) {
          const Pairing found = paired(months(48, of_a, a), months(48, of_b, b));
          EXPECT_EQ(found.pairs.size(), 48u) << a << " " << b << " " << of_a << " " << of_b;
          EXPECT_EQ(shift(found), 0);
        }
}

TEST(Pairing, DaysOfCalendarsByDate) {
  const SampleAxis standard = days(366 + 365), short_years = days(720, 0, "360_day"),
                   noleap = days(730, 0, "noleap");
  for (const auto& [a, b, count] : {std::tuple{standard, noleap, 730u}, {standard, short_years, 717u}}) {
    const Pairing found = paired(a, b);
    EXPECT_EQ(found.pairs.size(), count);
    for (const StepPair& pair : found.pairs) EXPECT_EQ(date_text(a[pair.a].date), date_text(b[pair.b].date));
  }
}

/// Intervals of `length` days from `first` on, every `step` days, as bounds.
SampleAxis spans(int count, double first, double length, double step, const std::string& calendar = "") {
  SampleAxis axis = days(count, first + 0.5 * length, calendar, step);
  for (Sample& s : axis.samples) s.interval = TimeSpan{s.time - 0.5 * length, s.time + 0.5 * length};
  understand(axis);
  return axis;
}

TEST(Pairing, IntervalsAcrossTheEndOfAMonthAreAsLongAsElsewhere) {
  // Eight days against eight days 3.5 and 4.5 later: the one that shares 4.5 days is the partner,
  // all through the year, also in February.
  for (const std::string calendar : {"standard", "noleap", "360_day"}) {
    const SampleAxis a = spans(90, 0, 8, 8, calendar);
    const Pairing late = paired(a, spans(90, 3.5, 8, 8, calendar)),
                  early = paired(a, spans(90, 4.5, 8, 8, calendar));
    EXPECT_EQ(late.pairs.size(), 90u);
    EXPECT_EQ(shift(late), 0) << calendar;
    EXPECT_EQ(early.pairs.size(), 89u);
    EXPECT_EQ(shift(early), -1) << calendar;
    // Weeks three days later share four of seven.
    const Pairing weeks = paired(spans(100, 0, 7, 7, calendar), spans(100, 3, 7, 7, calendar));
    EXPECT_EQ(weeks.pairs.size(), 100u);
    for (const double share : weeks.shares) EXPECT_NEAR(share, 4.0 / 7, 1e-9);
    EXPECT_EQ(shift(weeks), 0) << calendar;
    // Days from 9 to 9 o'clock, and from midnight.
    const Pairing mornings = paired(spans(730, 9.0 / 24, 1, 1, calendar), spans(731, 0, 1, 1, calendar));
    EXPECT_EQ(mornings.pairs.size(), 730u);
    EXPECT_EQ(shift(mornings), 0) << calendar;
  }
  // Weeks of a standard and of a calendar without leap days: up to one day beside each other.
  const Pairing mixed = paired(spans(50, 0, 7, 7), spans(50, 0, 7, 7, "noleap"));
  EXPECT_EQ(mixed.pairs.size(), 50u);
  EXPECT_EQ(shift(mixed), 0);
}

TEST(Pairing, SaysHowMuchPairsHaveInCommon) {
  const SampleAxis a = spans(40, 0, 7, 7), b = spans(40, 3, 7, 7);
  testing::internal::CaptureStderr();
  counted_pairs("data.train", {"HR", "hr", "a.nc", a}, all(a), {"LR", "lr", "b.nc", b}, all(b));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("overlaps by 57 % in the mean, 57 % at least"), std::string::npos) << said;
  testing::internal::CaptureStderr();
  counted_pairs("data.train", {"HR", "hr", "a.nc", a}, all(a), {"LR", "lr", "b.nc", a}, all(a));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Pairing, EndStampsWithBounds) {
  SampleAxis ends = decode_times({31, 59, 90}, "days since 2001-01-01", "noleap", "x");
  double begin = 0;
  for (Sample& s : ends.samples) s.interval = {begin, s.time}, begin = s.time;
  understand(ends);
  const SampleAxis middles = axis_of({15.5, 45, 74.5}, "days since 2001-01-01");
  EXPECT_EQ(shift(paired(middles, ends)), 0);
  EXPECT_EQ(paired(middles, ends).pairs.size(), 3u);
  SampleAxis of_days = days(10, 1);
  for (Sample& s : of_days.samples) s.interval = {s.time - 1, s.time};
  understand(of_days);
  EXPECT_EQ(shift(paired(days(10, 0.5), of_days)), 0);
}

TEST(Pairing, RunningMeansOneByOne) {
  const auto running = [](int count, double first, double width) {
    SampleAxis axis = days(count, first);
    for (Sample& s : axis.samples) s.interval = TimeSpan{s.time - width / 2, s.time + width / 2};
    understand(axis);
    return axis;
  };
  const SampleAxis fives = running(60, 10.5, 5);
  EXPECT_EQ(fives.step.text(), "1 day");
  EXPECT_EQ(running(60, 20, 30).step.text(), "1 day");
  EXPECT_EQ(running(60, 200, 365).step.text(), "1 day");
  Pairing found = paired(fives, running(60, 12.5, 5));
  EXPECT_EQ(found.pairs.size(), 58u);
  EXPECT_EQ(shift(found), -2);
  EXPECT_EQ(LagFinder(fives).find(20, -1), 19);
  found = paired(running(90, 10, 30), months(3, 0.5));  // one of each month
  ASSERT_EQ(found.pairs.size(), 3u);
  for (const StepPair& pair : found.pairs) EXPECT_NEAR(pair.a + 10, 15 + 30.4 * pair.b, 1.6) << pair.b;
  EXPECT_EQ(found.lonely_a.size(), 87u);
}

TEST(Pairing, AMeanIsNoValueOfAPart) {
  const SampleAxis day = days(3 * 366), month = months(36, 0.5), six_hourly = days(4 * 366, 0, "", 0.25);
  EXPECT_TRUE(paired(day, month).pairs.empty());
  EXPECT_TRUE(paired(month, day).pairs.empty());
  EXPECT_TRUE(paired(day, six_hourly).pairs.empty());
  EXPECT_TRUE(paired(days(73, 0, "", 5), day).pairs.empty());
  SampleAxis snapshots = months(36, 0.5);
  snapshots.stamp = Stamp::point;
  understand(snapshots);
  EXPECT_TRUE(paired(month, snapshots).pairs.empty());
  EXPECT_EQ(paired(snapshots, day).pairs.size(), 36u);
}

TEST(Pairing, MomentsByTheirStamps) {
  const SampleAxis six_hourly = days(40, 0, "", 0.25), hourly = days(240, 0, "", 1.0 / 24);
  EXPECT_EQ(paired(six_hourly, days(40, 0, "", 0.25)).pairs.size(), 40u);
  EXPECT_EQ(paired(six_hourly, hourly).pairs.size(), 40u);
  EXPECT_TRUE(paired(six_hourly, days(40, 0.125, "", 0.25)).pairs.empty());  // half way between two
  EXPECT_EQ(paired(days(20, 0, "", 5), days(20, 0, "", 5)).pairs.size(), 20u);
}

TEST(Pairing, OneTimeTakesTheStepsOfTheOther) {
  const SampleAxis one = axis_of({74});  // 15 March
  const Pairing monthly = paired(one, months(12, 0.0)), daily = paired(days(100, 0.5), one);
  ASSERT_EQ(monthly.pairs.size(), 1u);
  EXPECT_EQ(monthly.pairs[0].b, 2);
  ASSERT_EQ(daily.pairs.size(), 1u);
  EXPECT_EQ(daily.pairs[0].a, 74);
  EXPECT_EQ(paired(one, one).pairs.size(), 1u);
}

std::vector<StepPair> counted(const SampleAxis& a, const SampleAxis& b) {
  return counted_pairs("data.train", {"HR", "hr", "tos in hr.nc", a}, all(a), {"LR", "lr", "tos in lr.nc", b},
                       all(b));
}
void expect_refused(const SampleAxis& a, const SampleAxis& b, const std::vector<std::string>& parts) {
  try {
    counted(a, b);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    for (const std::string& part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << part << " in " << error.what();
  }
}

TEST(Pairing, IsCountedAloud) {
  const auto spoken = [](const SampleAxis& a, const SampleAxis& b) {
    ::testing::internal::CaptureStderr();
    EXPECT_FALSE(counted(a, b).empty());
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(spoken(days(100), days(91, 9)), "");
  const std::string warning = spoken(days(100), days(80, 20));
  for (const std::string part : {"warning", "data.train: 80 of 100 steps of HR and 80 of 80 steps of LR",
                                 "2000-01-01, 2000-01-02, 2000-01-03 ...", "20 beyond the times of LR"})
    EXPECT_NE(warning.find(part), std::string::npos) << part << " in " << warning;
  EXPECT_NE(spoken(days(80), days(100)), "");  // LR has more
  expect_refused(days(100), days(40, 60), {"40 of 100 steps of HR", "2000-01-01, 2000-01-02", "none of LR"});
  expect_refused(days(100), days(100, 70), {"30 of 100", "2000-01-01", "2000-04-10", "hr.nc", "lr.nc"});
  expect_refused(days(366), months(12, 0.5), {"1 day", "1 month", "data.hr_average = 'month'"});
  expect_refused(months(12, 0.5), days(366), {"data.lr_average = 'month'"});
  expect_refused(days(30), days(120, 0, "", 0.25), {"6 hours", "data.lr_average = 'day'"});
}

TEST(Lags, AreTimes) {
  const SampleAxis axis = axis_of({0, 1, 2, 4, 5, 6.2});
  const LagFinder finder(axis);
  EXPECT_EQ(finder.find(1, -1), 0);
  EXPECT_EQ(finder.find(1, 1), 2);
  EXPECT_EQ(finder.find(2, 1), std::nullopt);  // the day between
  EXPECT_EQ(finder.find(2, 2), 3);
  EXPECT_EQ(finder.find(0, -1), std::nullopt);  // never the end repeated
  EXPECT_EQ(finder.find(5, 1), std::nullopt);
  EXPECT_EQ(finder.find(4, 1), 5);
  EXPECT_EQ(finder.find(3, 0), 3);
  const SampleAxis monthly = axis_of({14, 45, 74, 135, 166});  // no April
  const LagFinder of_months(monthly);
  EXPECT_EQ(of_months.find(1, 1), 2);
  EXPECT_EQ(of_months.find(2, 1), std::nullopt);
  EXPECT_EQ(of_months.find(2, 2), 3);
}

TEST(Lags, CountTheStepsThatTheyWereMadeFor) {
  const SampleAxis alternate = axis_of({0, 2, 4});  // of a daily series, every second day
  EXPECT_EQ(LagFinder(alternate).find(1, 1), 2);
  const LagFinder finder(alternate, {0, 1});
  EXPECT_EQ(finder.find(1, 1), std::nullopt);
  EXPECT_EQ(finder.find(1, 2), 2);
  EXPECT_EQ(LagFinder(axis_of({0})).find(0, 1), std::nullopt);
}

TEST(Lags, StepsWithoutAllAreLeftOutAloud) {
  const SampleAxis axis = axis_of({0, 1, 2, 4, 5});
  const std::vector<long> lags{-1, 0};
  const LagFinder finder(axis);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(finder.with_all(all(axis), lags, "tos in lr.nc", "data.downscale"), (std::vector<long>{1, 2, 4}));
  const std::string warning = ::testing::internal::GetCapturedStderr();
  for (const std::string part : {"2 of 5 times of tos in lr.nc", "base.lags = -1, 0", "2000-01-01"})
    EXPECT_NE(warning.find(part), std::string::npos) << part << " in " << warning;
  EXPECT_THROW(finder.with_all(std::vector<long>{0}, lags, "x", "y"), Error);
}

}  // namespace
}  // namespace podscale
