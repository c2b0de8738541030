// Steps of a series: decoded, found, matched, keyed.
#include "podscale/core/sample_axis.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

SampleAxis daily(int days, const std::string& units = "days since 2000-01-01 12:00:00",
                 const std::string& calendar = "") {
  std::vector<double> values;
  for (int t = 0; t < days; ++t) values.push_back(t);
  return decode_times(values, units, calendar, "x");
}

TEST(SampleAxis, PeriodsIncludeTheirLastDay) {
  const SampleAxis axis = daily(400);
  EXPECT_EQ(steps_between(axis, "2000-01-01", "2000-01-03"), (std::vector<long>{0, 1, 2}));
  EXPECT_EQ(steps_between(axis, "2000-12-31", "2001-12-31").size(), 35u);
  EXPECT_TRUE(steps_between(axis, "1990-01-01", "1999-12-31").empty());
  EXPECT_THROW(steps_between(axis, "2001-01-01", "2000-01-01"), Error);
  EXPECT_THROW(steps_between(axis, "2000", "2001"), Error);
  // The 31st ends a period in the 360-day calendar, too.
  EXPECT_EQ(steps_between(daily(720, "days since 2000-01-01", "360_day"), "2000-01-01", "2000-12-31").size(),
            360u);
}

TEST(SampleAxis, MonthlyAxesAndKeys) {
  EXPECT_FALSE(daily(40).is_monthly());
  const SampleAxis monthly = decode_times({15.5, 45, 74.5, 105}, "days since 2000-01-01", "", "x");
  EXPECT_TRUE(monthly.is_monthly());
  EXPECT_EQ(decode_times({0, 1.75}, "days since 1800-01-01", "", "x").time_key(1), 42u);
  EXPECT_EQ(decode_times({360}, "days since 1800-01-01", "360_day", "x").time_key(0), 8640u);
}

TEST(SampleAxis, KeysAreThoseOfTheSecondAndTheHourAloneOnWholeHours) {
  std::vector<double> seconds;
  for (const double hour : {-30.0, 0.0, 1.0, 1.5e6})
    for (const double second : {0.0, 1.0, 599.0, 600.0, 1800.0, 3599.0})
      seconds.push_back(3600 * hour + second);
  const SampleAxis axis = decode_times(seconds, "seconds since 1800-01-01", "proleptic_gregorian", "x");
  std::set<std::uint64_t> keys;
  for (std::size_t t = 0; t < seconds.size(); ++t) {
    EXPECT_TRUE(keys.insert(axis.time_key(t)).second) << axis.time_key(t);
    const auto hour = static_cast<std::uint32_t>(static_cast<long>(std::floor(seconds[t] / 3600)));
    if (t % 6 == 0) {
      EXPECT_EQ(axis.time_key(t), hour);
    }
  }
  // An hour that its unit cannot hold exactly is that hour.
  const SampleAxis inexact = decode_times({1.0 / 24, 1 - 1e-14}, "days since 1800-01-01", "", "x");
  EXPECT_EQ(inexact.time_key(0), 1u);
  EXPECT_EQ(inexact.time_key(1), 24u);
}

TEST(SampleAxis, MissingTimesAreRefused) {
  for (const double missing : {std::nan(""), 9.969209968386869e36}) try {
      decode_times({1, missing}, "days since 2000-01-01", "", "t.nc: time 'time'");
      FAIL() << missing << " is read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_NE(std::string(error.what()).find("t.nc: time 'time': value"), std::string::npos)
          << error.what();
      EXPECT_NE(std::string(error.what()).find("at step 2 is missing"), std::string::npos) << error.what();
    }
}

TEST(SampleAxis, SubsetsKeepIntervals) {
  SampleAxis axis = daily(4);
  EXPECT_FALSE(axis.has_intervals());
  for (Sample& s : axis.samples) s.interval = {s.time - 0.5, s.time + 0.5};
  ASSERT_TRUE(axis.has_intervals());
  const SampleAxis part = subset(axis, std::vector<long>{1, 3});
  EXPECT_EQ(part.units, axis.units);
  EXPECT_EQ(part.values(), (std::vector<double>{1, 3}));
  EXPECT_EQ(part[1].interval->begin, 2.5);
  EXPECT_EQ(part[1].interval->end, 3.5);
  EXPECT_EQ(part.time_key(1), axis.time_key(3));
  axis.samples[2].interval.reset();
  EXPECT_FALSE(axis.has_intervals());
  EXPECT_FALSE(SampleAxis{}.has_intervals());
}

}  // namespace
}  // namespace podscale
