// The autocorrelation of latents: fits of series whose autocorrelation is known, and noise that
// has it.
#include "podscale/gaussian/time_covariance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/core/random.hpp"
#include "podscale/gaussian/coherent_noise.hpp"

namespace podscale {
namespace {

const TimeLattice kDays({0, 1}, Calendar::standard);
const TwoScale kTruth{0.3, 3, 40};

std::uint64_t key_of_day(long day, long second = 0) {
  return static_cast<std::uint64_t>(second % 3600) << 32 |
         static_cast<std::uint32_t>(24 * day + second / 3600);
}

std::vector<long> range(long n) {
  std::vector<long> days(static_cast<std::size_t>(n));
  std::iota(days.begin(), days.end(), 0);
  return days;
}

TEST(TimeLattice, DaysHoursAndMonthsByTheirCalendar) {
  SampleAxis axis;
  axis.units = "days since 1700-01-01";
  for (const Date date : {Date{1799, 12, 31, 3600 * 23.0}, Date{1800, 1, 1, 0}, Date{1800, 1, 1, 43200},
                          Date{1800, 2, 28, 0}, Date{1801, 1, 1, 0}})
    axis.samples.push_back({0, date});
  std::vector<long> days, months, quarters;
  const TimeLattice by_month({1, 0}, Calendar::standard), by_six_hours({0, 0.25}, Calendar::standard);
  for (std::size_t t = 0; t < axis.size(); ++t) {
    days.push_back(kDays.index(axis.time_key(t)));
    months.push_back(by_month.index(axis.time_key(t)));
    quarters.push_back(by_six_hours.index(axis.time_key(t)));
  }
  EXPECT_EQ(days, (std::vector<long>{-1, 0, 0, 58, 365}));
  EXPECT_EQ(quarters, (std::vector<long>{-1, 0, 2, 232, 1460}));
  EXPECT_EQ(months, (std::vector<long>{12 * 1799 + 11, 12 * 1800, 12 * 1800, 12 * 1800 + 1, 12 * 1801}));
  const TimeLattice of_360_days({1, 0}, Calendar::day360);
  SampleAxis model;
  model.calendar = Calendar::day360;
  for (int m = 0; m < 240; ++m) model.samples.push_back({0, {1990 + m / 12, 1 + m % 12, 16, 0}});
  for (std::size_t t = 1; t < model.size(); ++t)
    ASSERT_EQ(of_360_days.index(model.time_key(t)), of_360_days.index(model.time_key(t - 1)) + 1) << t;
  EXPECT_FALSE(TimeLattice({}, Calendar::standard).known());
  EXPECT_EQ(TimeLattice({0, 5}, Calendar::standard).seconds, 86400);
}

TEST(ScaleFit, FindsTheScalesOfAKnownAutocorrelation) {
  const LagPairs pairs(range(2000), kDays);
  ASSERT_TRUE(pairs.enough());
  EXPECT_EQ(pairs.lags.front(), 1);
  EXPECT_LE(pairs.lags.back(), 90);
  EXPECT_GT(pairs.lags.back(), 75);
  for (const TwoScale truth :
       {kTruth, TwoScale{0.6, 1, 70}, TwoScale{0, 5, 9}, TwoScale{1, 2, 30}, TwoScale{0.5, 2, 20, 1}}) {
    std::vector<double> c{2.5};
    for (const long lag : pairs.lags) c.push_back(2.5 * truth.at(static_cast<double>(lag)));
    const TwoScale found = ScaleFit(pairs, kDays).fit(c);
    for (long lag = 0; lag <= 90; ++lag)
      EXPECT_NEAR(found.at(static_cast<double>(lag)), truth.at(static_cast<double>(lag)), 0.02) << lag;
    EXPECT_EQ(found.cell, truth.cell);
  }
  EXPECT_EQ(ScaleFit(pairs, kDays).fit(std::vector<double>(pairs.lags.size() + 1, 0.0)).at(1), 0);
}

TEST(LagPairs, MissingTimesMakeNoPairsOfOtherLags) {
  std::vector<long> days;
  for (long d = 0; d < 600; ++d)
    if (d % 3 != 0 && (d < 200 || d > 330)) days.push_back(d);
  const LagPairs pairs(days, kDays);
  ASSERT_TRUE(pairs.enough());
  for (std::size_t l = 0; l < pairs.lags.size(); ++l) {
    long expected = 0;
    for (const long d : days) expected += std::count(days.begin(), days.end(), d + pairs.lags[l]);
    EXPECT_EQ(std::ssize(pairs.pairs[l]), expected);
    for (const auto& [i, j] : pairs.pairs[l]) ASSERT_EQ(days[j] - days[i], pairs.lags[l]);
  }
  EXPECT_FALSE(LagPairs(std::vector<long>{4}, kDays).enough());
  EXPECT_FALSE(LagPairs(std::vector<long>{}, kDays).enough());
  EXPECT_FALSE(LagPairs(range(100), TimeLattice()).enough());
  EXPECT_FALSE(LagPairs(std::vector<long>{0, 1000, 2000, 3000}, kDays).enough());
}

class CoherentNoiseTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kValues = 4;
  const std::vector<TwoScale> scales_{kTruth, {0.6, 1, 70}, {}, {0.4, 2, 25, 1}};  // the third: independent
  CoherentNoise noise_{7, Stream::coherent, kDays, scales_};
  std::vector<float> at(const CoherentNoise& noise, long day, int member) const {
    std::vector<float> out(kValues);
    noise.values(key_of_day(day), member, 0, out);
    return out;
  }
};

TEST_F(CoherentNoiseTest, TheSameBitsForAnyOrderBlockAndPart) {
  std::vector<std::vector<float>> forward;
  for (long day = 60000; day < 60800; ++day) forward.push_back(at(noise_, day, 4));
  CoherentNoise other(7, Stream::coherent, kDays, scales_);
  for (long day = 60799; day >= 60000; day -= 7)
    EXPECT_EQ(at(other, day, 4), forward[static_cast<std::size_t>(day - 60000)]) << day;
  for (const long day : {60511l, 60017l, 60512l}) {
    const CoherentNoise fresh(7, Stream::coherent, kDays, scales_);
    EXPECT_EQ(at(fresh, day, 4), forward[static_cast<std::size_t>(day - 60000)]);
    std::vector<float> part(3);
    fresh.values(key_of_day(day), 4, 1, part);
    EXPECT_EQ(part, std::vector<float>(forward[static_cast<std::size_t>(day - 60000)].begin() + 1,
                                       forward[static_cast<std::size_t>(day - 60000)].end()));
    std::vector<float> noon(kValues);
    fresh.values(key_of_day(day, 43200), 4, 0, noon);
    EXPECT_EQ(noon, at(fresh, day, 4));
  }
  EXPECT_NE(at(noise_, 60000, 5), forward[0]);
  EXPECT_NE(at(CoherentNoise(8, Stream::coherent, kDays, scales_), 60000, 4), forward[0]);
}

TEST_F(CoherentNoiseTest, HasVarianceOneAtEveryTimeAndTheAutocorrelationAsked) {
  constexpr int kMembers = 6000;
  const std::vector<long> lags{0, 1, 5, 10, 30, 60};
  // Across an anchor (1024 cells apart), beside it and far from it.
  for (const long start : {61439l, 61440l, 61700l, -3l}) {
    std::vector<std::vector<double>> sums(kValues, std::vector<double>(lags.size(), 0.0)), squares = sums;
    for (int m = 0; m < kMembers; ++m) {
      const auto first = at(noise_, start, m);
      for (std::size_t l = 0; l < lags.size(); ++l) {
        const auto later = at(noise_, start + lags[l], m);
        for (std::size_t v = 0; v < kValues; ++v) {
          sums[v][l] += static_cast<double>(first[v]) * static_cast<double>(later[v]);
          squares[v][l] += static_cast<double>(later[v]) * static_cast<double>(later[v]);
        }
      }
    }
    for (std::size_t v = 0; v < kValues; ++v)
      for (std::size_t l = 0; l < lags.size(); ++l) {
        EXPECT_NEAR(squares[v][l] / kMembers, 1, 4 * std::sqrt(2.0 / kMembers)) << start << ", " << lags[l];
        EXPECT_NEAR(sums[v][l] / kMembers, scales_[v].at(static_cast<double>(lags[l])),
                    4 * std::sqrt(2.0 / kMembers))
            << start << ", " << v << ", " << lags[l];
      }
  }
}

TEST_F(CoherentNoiseTest, AFitOfItsSeriesGivesItsScalesBack) {
  constexpr long kTimes = 6000;
  const LagPairs pairs(range(kTimes), kDays);
  std::vector<double> mean(pairs.lags.size() + 1, 0.0);
  for (int m = 0; m < 12; ++m) {
    std::vector<float> series;
    for (long day = 0; day < kTimes; ++day) series.push_back(at(noise_, day, m).front());
    const auto c = autocovariance(pairs, series, 0, 1);
    for (std::size_t l = 0; l < c.size(); ++l) mean[l] += c[l] / 12;
  }
  const TwoScale found = ScaleFit(pairs, kDays).fit(mean);
  for (const double lag : {1.0, 5.0, 10.0, 30.0, 90.0})
    EXPECT_NEAR(found.at(lag), kTruth.at(lag), 0.04) << lag;
}

}  // namespace
}  // namespace podscale
