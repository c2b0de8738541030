// What interval a step stands for, with bounds and without.
#include "podscale/core/intervals.hpp"

#include <gtest/gtest.h>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

SampleAxis axis_of(const std::vector<double>& values, const std::string& units = "days since 2001-01-01",
                   const std::string& calendar = "", double resolution = 0) {
  return decode_times(values, units, calendar, "x", resolution);
}
std::string span_of(const SampleAxis& axis, std::size_t step) {
  const auto& span = axis[step].span;
  return span ? date_text(span->from) + " " + date_text(span->to) : "none";
}
/// Of all steps, one after the other.
std::string spans(SampleAxis axis, std::string* said = nullptr) {
  const std::string text = understand(axis);
  if (said) *said = text;
  std::string all;
  for (std::size_t t = 0; t < axis.size(); ++t) all += (t ? ", " : "") + span_of(axis, t);
  return all;
}
const std::string kThreeMonths = "2001-01-01 2001-02-01, 2001-02-01 2001-03-01, 2001-03-01 2001-04-01";

TEST(Intervals, MonthsStampedAnywhereInThem) {
  EXPECT_EQ(spans(axis_of({0, 31, 59})), kThreeMonths);
  EXPECT_EQ(spans(axis_of({14, 45, 73})), kThreeMonths);
  EXPECT_EQ(spans(axis_of({15.5, 45, 74.5})), kThreeMonths);
  EXPECT_EQ(spans(axis_of({30, 58, 89})), kThreeMonths);      // the last day
  EXPECT_EQ(spans(axis_of({30.999, 58.999, 89.999})), kThreeMonths);
  EXPECT_EQ(spans(axis_of({15, 45, 75}, "days since 2001-01-01", "360_day")), kThreeMonths);
  EXPECT_EQ(spans(axis_of({0.5, 1.5, 2.5}, "months since 2001-01-01")), kThreeMonths);
  EXPECT_EQ(spans(axis_of({200101, 200102.5, 200103.99}, "month as %Y%m.%f")), kThreeMonths);
  EXPECT_EQ(spans(axis_of({2001 + 0.5 / 12, 2001 + 1.5 / 12, 2001 + 2.5 / 12}, "years since 0000-01-01")),
            kThreeMonths);
}

TEST(Intervals, MonthsOfEqualLengthFollowTheCalendar) {
  for (const double length : {365.25 / 12, 365.0 / 12, 365.2425 / 12}) {
    std::vector<double> values;
    for (int m = 0; m < 240; ++m) values.push_back(m * length);
    SampleAxis axis = axis_of(values);
    std::string said = understand(axis);
    for (int m = 0; m < 240; ++m) {
      ASSERT_TRUE(axis[m].span) << m;
      EXPECT_EQ(axis[m].span->from.month, m % 12 + 1) << m;
      EXPECT_EQ(axis[m].span->from.year, 2001 + m / 12) << m;
      EXPECT_EQ(axis.centre(m).month, m % 12 + 1) << m;
    }
    EXPECT_NE(said, "");
  }
}

TEST(Intervals, EndsOfWholeYears) {
  std::vector<double> ends{31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
  std::string said;
  const std::string of_ends = spans(axis_of(ends), &said);
  EXPECT_EQ(of_ends.substr(0, kThreeMonths.size()), kThreeMonths);
  EXPECT_NE(said.find("ends"), std::string::npos);
  ends.pop_back();  // no whole year: the first of a month begins it
  EXPECT_EQ(spans(axis_of(ends), &said).substr(0, 21), "2001-02-01 2001-03-01");
  EXPECT_EQ(said, "");
  SampleAxis told = axis_of(ends);
  told.stamp = Stamp::end;
  EXPECT_EQ(spans(told).substr(0, kThreeMonths.size()), kThreeMonths);
  std::vector<double> days;
  for (int d = 1; d <= 365; ++d) days.push_back(d);
  EXPECT_EQ(spans(axis_of(days)).substr(0, 21), "2001-01-01 2001-01-02");
  days.pop_back();
  EXPECT_EQ(spans(axis_of(days)).substr(0, 21), "2001-01-02 2001-01-03");
}

TEST(Intervals, DaysAtAnyHour) {
  const std::string days = "2001-01-01 2001-01-02, 2001-01-02 2001-01-03, 2001-01-03 2001-01-04";
  for (const double hour : {0.0, 9.0, 12.0, 23.0})
    EXPECT_EQ(spans(axis_of({hour / 24, 1 + hour / 24, 2 + hour / 24})), days) << hour;
  // Stamps that lie minutes before and after midnight.
  EXPECT_EQ(spans(axis_of({-0.002, 1.001, 1.999})), days);
  EXPECT_EQ(spans(axis_of({20010101.5, 20010102.5, 20010103.5}, "day as %Y%m%d.%f")), days);
  EXPECT_EQ(spans(axis_of({-86400, 0, 86400}, "seconds since 2001-01-02")), days);
}

TEST(Intervals, GapsDoNotMakeStepsLonger) {
  SampleAxis days = axis_of({0, 2, 3, 7, 9, 10, 14, 15}), months = axis_of({0, 59, 90, 181, 212});
  understand(days);
  EXPECT_EQ(days.step.days, 1);
  understand(months);
  EXPECT_EQ(months.step.months, 1);
  EXPECT_EQ(span_of(months, 1), "2001-03-01 2001-04-01");
}

TEST(Intervals, BoundsComeFirst) {
  SampleAxis axis = axis_of({31, 59});
  axis.samples[0].interval = {0, 31};
  axis.samples[1].interval = {31, 59};
  EXPECT_EQ(spans(axis), kThreeMonths.substr(0, 44));
  EXPECT_EQ(axis.size(), 2u);
  understand(axis);
  EXPECT_EQ(axis.step.months, 1);
  EXPECT_EQ(steps_between(axis, "2001-01-01", "2001-01-31"), std::vector<long>{0});
  EXPECT_DOUBLE_EQ(year_phase(axis, 0, SeasonPhase::month), 0.5 / 12);
  EXPECT_DOUBLE_EQ(year_phase(axis, 0, SeasonPhase::middle), 15.5 / 365);
  EXPECT_DOUBLE_EQ(year_phase(axis, 0, SeasonPhase::date), 31.0 / 365);
  SampleAxis moments = axis_of({0, 1, 2});  // bounds without length
  for (Sample& s : moments.samples) s.interval = {s.time, s.time};
  EXPECT_EQ(spans(moments), "none, none, none");
}

TEST(Intervals, PointsAndOtherStepsHaveNone) {
  SampleAxis months = axis_of({0, 31, 59});
  months.stamp = Stamp::point;
  EXPECT_EQ(spans(months), "none, none, none");
  EXPECT_EQ(spans(axis_of({0, 0.25, 0.5})), "none, none, none");
  EXPECT_EQ(spans(axis_of({0, 5, 10})), "none, none, none");
  EXPECT_EQ(spans(axis_of({0})), "none");
  SampleAxis pentads = axis_of({0, 5, 10});
  pentads.stamp = Stamp::begin;
  EXPECT_EQ(spans(pentads).substr(0, 21), "2001-01-01 2001-01-06");
  pentads.stamp = Stamp::end;
  EXPECT_EQ(spans(pentads).substr(0, 21), "2000-12-27 2001-01-01");
  pentads.stamp = Stamp::middle;
  EXPECT_EQ(spans(pentads).substr(0, 39), "2000-12-29T12:00:00 2001-01-03T12:00:00");
  EXPECT_TRUE(is_instant("area: mean time: point"));
  EXPECT_TRUE(is_instant("time: point (at noon)"));
  EXPECT_FALSE(is_instant("area: point time: mean"));
  EXPECT_FALSE(is_instant(""));
  EXPECT_THROW(stamp_from_name("last"), Error);
}

TEST(Intervals, YearsAndSeasons) {
  EXPECT_EQ(spans(axis_of({0, 365, 730})),
            "2001-01-01 2002-01-01, 2002-01-01 2003-01-01, 2003-01-01 2004-01-01");
  EXPECT_EQ(spans(axis_of({182, 547})), "2001-01-01 2002-01-01, 2002-01-01 2003-01-01");
  EXPECT_EQ(spans(axis_of({0, 90, 181})), "2001-01-01 2001-04-01, 2001-04-01 2001-07-01, 2001-07-01 2001-10-01");
  EXPECT_EQ(spans(axis_of({15, 105})), "2000-12-01 2001-03-01, 2001-03-01 2001-06-01");  // DJF, MAM
}

TEST(Intervals, BecomeBoundsForFiles) {
  SampleAxis axis = axis_of({0.5, 1.5}, "months since 2001-01-01");
  EXPECT_EQ(axis.units, "days since 2001-01-01 00:00:00");
  EXPECT_EQ(axis.values(), (std::vector<double>{15.5, 45}));
  EXPECT_FALSE(with_bounds(axis).has_intervals());
  understand(axis);
  const SampleAxis bounded = with_bounds(axis);
  ASSERT_TRUE(bounded.has_intervals());
  EXPECT_EQ(bounded[1].interval->begin, 31);
  EXPECT_EQ(bounded[1].interval->end, 59);
}

TEST(Intervals, TimesAreRoundedToWhatTheirTypeHolds) {
  // Seconds since 1858 in float32: 256 s apart.
  std::vector<double> seconds;
  for (int d = 0; d < 400; ++d) seconds.push_back(static_cast<double>(static_cast<float>((48000.0 + d) * 86400)));
  const SampleAxis rounded =
      axis_of(seconds, "seconds since 1858-11-17", "", seconds.back() * 1.1920929e-7);
  for (std::size_t t = 0; t < rounded.size(); ++t) {
    EXPECT_EQ(rounded[t].date.second, 0) << t;
    EXPECT_EQ(rounded[t].time, (48000.0 + static_cast<double>(t)) * 86400);
  }
  // Six-hourly stamps stay so, and what is exact is left alone.
  const SampleAxis hours = axis_of({0.2501, 0.5, 0.7499}, "days since 2001-01-01", "", 0.001);
  EXPECT_EQ(date_text(hours[0].date), "2001-01-01T06:00:00");
  EXPECT_EQ(date_text(hours[2].date), "2001-01-01T18:00:00");
  EXPECT_EQ(date_text(axis_of({0.25, 1.25}, "days since 2001-01-01", "", 0.26)[0].date), "2001-01-01T06:00:00");
}

}  // namespace
}  // namespace podscale
