// What podscale-init writes: periods, harmonics, lags, and the namelist itself.
#include "podscale/study/suggest.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/random.hpp"
#include "podscale/field/array_source.hpp"

namespace podscale {
namespace {

SampleAxis daily(int first_year, int days, const char* calendar = "standard") {
  std::vector<double> values;
  for (int d = 0; d < days; ++d) values.push_back(d + 0.5);
  SampleAxis axis = decode_times(values, "days since " + std::to_string(first_year) + "-01-01", calendar, "test");
  understand(axis);
  return axis;
}

SampleAxis monthly(int first_year, int months, int day, const char* calendar = "standard") {
  const Calendar of = calendar_from_name(calendar);
  std::vector<double> values;
  for (int m = 0; m < months; ++m)
    values.push_back(static_cast<double>(day_number(of, first_year + m / 12, m % 12 + 1, day) -
                                         day_number(of, 1900, 1, 1)));
  SampleAxis axis = decode_times(values, "days since 1900-01-01", calendar, "test");
  understand(axis);
  return axis;
}

std::vector<StepPair> same_steps(std::size_t count, long shift = 0) {
  std::vector<StepPair> pairs;
  for (long t = 0; t < static_cast<long>(count); ++t) pairs.push_back({t, t + shift});
  return pairs;
}

SuggestedPeriods periods_of(const SampleAxis& hr, const SampleAxis& lr) {
  return suggest_periods(hr, lr, same_steps(hr.size()));
}

void expect_days(const SuggestedPeriods& p, const Days& train, const Days& validate, const Days& downscale) {
  EXPECT_EQ(p.train, train);
  EXPECT_EQ(p.validate, validate);
  EXPECT_EQ(p.downscale, downscale);
}

TEST(Suggest, LongSeriesAreSplitInWholeYears) {
  const SampleAxis days = daily(1982, 10957);
  const SuggestedPeriods p = periods_of(days, days);
  expect_days(p, {"1982-01-01", "2007-12-31"}, {"2008-01-01", "2009-12-31"},
              {"2010-01-01", "2011-12-31"});
  EXPECT_EQ(p.sample, (Days{"2005-01-01", "2007-12-31"}));
  EXPECT_EQ(p.years, 26);
}

TEST(Suggest, YearsCountBackFromTheLastDay) {
  const SampleAxis days = daily(2000, 2000, "noleap");  // to 2005-06-24
  const SuggestedPeriods p = periods_of(days, days);
  expect_days(p, {"2000-06-25", "2003-06-24"}, {"2003-06-25", "2004-06-24"},
              {"2004-06-25", "2005-06-24"});
}

TEST(Suggest, MonthsAreWholeInBothCalendars) {
  const SuggestedPeriods p = periods_of(monthly(1985, 252, 16), monthly(1985, 252, 1, "360_day"));
  expect_days(p, {"1985-01-01", "2001-12-30"}, {"2002-01-01", "2003-12-30"},
              {"2004-01-01", "2005-12-30"});
}

TEST(Suggest, ALeapDayEndsAYear) {
  const SampleAxis days = daily(2000, 366 + 3 * 365 + 31 + 29);  // to 2004-02-29
  const SuggestedPeriods p = periods_of(days, days);
  EXPECT_EQ(p.downscale, (Days{"2003-03-01", "2004-02-29"}));
  EXPECT_EQ(p.years, 2);
  EXPECT_EQ(p.train[0], "2000-03-01");
}

TEST(Suggest, ShortSeriesAreSplitBySteps) {
  const SampleAxis days = daily(2000, 366);
  const SuggestedPeriods p = periods_of(days, days);
  expect_days(p, {"2000-01-01", "2000-09-12"}, {"2000-09-13", "2000-11-06"},
              {"2000-11-07", "2000-12-31"});
  EXPECT_EQ(p.years, 0);
  std::vector<double> hours;  // a day is never cut
  for (int h = 0; h < 50; ++h) hours.push_back(6 * h);
  const SampleAxis six_hourly = decode_times(hours, "hours since 2000-01-01", "standard", "test");
  const SuggestedPeriods q = periods_of(six_hourly, six_hourly);
  EXPECT_LT(q.train[1], q.validate[0]);
  EXPECT_LT(q.validate[1], q.downscale[0]);
}

TEST(Suggest, TooFewCommonTimesAreRefused) {
  const SampleAxis days = daily(2000, 400);
  EXPECT_THROW(suggest_periods(days, days, same_steps(11)), Error);
}

TEST(Suggest, HarmonicsNeedTheYear) {
  const auto harmonics = [](const SampleAxis& axis, int count) {
    std::vector<long> steps(static_cast<std::size_t>(count));
    for (int t = 0; t < count; ++t) steps[static_cast<std::size_t>(t)] = t;
    return suggest_harmonics(axis, steps);
  };
  EXPECT_EQ(harmonics(daily(2000, 800), 731), 2);
  EXPECT_LT(harmonics(daily(2000, 800), 200), 2);
  EXPECT_EQ(harmonics(daily(2000, 800), 30), 0);
  EXPECT_EQ(harmonics(monthly(2000, 24, 16), 12), 1);
}

TEST(Suggest, LagsWhereDaysAreAlike) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Mesh mesh = Mesh::rectilinear({0, 1}, {0, 1, 2});
  const auto lags = [&](double memory, const SampleAxis& axis) {
    std::vector<float> values;
    std::vector<double> state(6, 0.0);
    const CounterRandom random(7, Stream::test);
    for (std::size_t t = 0; t < axis.size(); ++t)
      for (std::size_t i = 0; i < 6; ++i) {
        state[i] = memory * state[i] +
                   std::sqrt(1 - memory * memory) *
                       (random.uniform(static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(i)) - 0.5);
        values.push_back(i == 5 ? NAN : static_cast<float>(state[i]));
      }
    const ArraySource source(comm, mesh, axis, values);
    NamelistDraft draft;
    suggest_lags(comm, source, {"2000-01-01", "2001-12-31"}, 1, draft);
    return draft.options().base.lags;
  };
  EXPECT_EQ(lags(0.97, daily(2000, 731)), (std::vector<long>{-10, -5, 0, 5, 10}));
  EXPECT_EQ(lags(0.8, daily(2000, 731)), (std::vector<long>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(lags(0.2, daily(2000, 731)), (std::vector<long>{0}));
  EXPECT_EQ(lags(0.97, monthly(2000, 24, 16)), (std::vector<long>{0}));
}

TEST(NamelistDraft, SaysWhatItWasTold) {
  NamelistDraft draft;
  draft.set("data.hr_files", NamelistDraft::quoted(std::vector<std::string>{"it's.nc", "b*.nc"}));
  draft.set("patches.size", "8, 8", "short");
  draft.set("data.hr_variable", "'tos'", std::string(60, 'x') + " " + std::string(60, 'y'));
  draft.set("patches.size", "12, 12", "shorter");
  const StudyOptions options = draft.options();
  EXPECT_EQ(options.data.hr_files.value, (std::vector<std::string>{"it's.nc", "b*.nc"}));
  EXPECT_EQ(options.data.hr_variable, std::vector<std::string>{"tos"});
  EXPECT_EQ(options.basis.size[1], 12);
  const std::string text = draft.text();
  EXPECT_EQ(text.find("&data"), 0u);
  EXPECT_LT(text.find("hr_variable"), text.find("&patches"));
  EXPECT_EQ(text.find("8, 8"), std::string::npos);
}

}  // namespace
}  // namespace podscale
