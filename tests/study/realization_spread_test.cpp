// Blocks of several realizations, and what they are together.
#include "podscale/study/realization_spread.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

SampleLayout members_of(std::size_t times, long members) {
  std::vector<double> values;
  for (long m = 0; m < members; ++m)
    for (std::size_t t = 0; t < times; ++t) values.push_back(static_cast<double>(t));
  SampleAxis axis = decode_times(values, "days since 2000-01-01", "standard", "test");
  for (std::size_t s = 0; s < axis.size(); ++s)
    axis.samples[s].realization = 1 + static_cast<long>(s / times);
  return SampleLayout(axis);
}

TEST(BlocksOfSamples, HoldEachSampleOnceAndFillWorkItemsOfShortSeries) {
  for (const auto& [times, members, block] :
       {std::tuple{10, 3, 4}, std::tuple{1, 50, 16}, std::tuple{3, 7, 16}, std::tuple{5, 1, 100}}) {
    const SampleLayout layout = members_of(times, members);
    std::vector<std::size_t> seen;
    std::size_t last_time = 0;
    for (const auto& samples : blocks_of_samples(layout, block)) {
      EXPECT_LE(std::ssize(samples), std::max(block, 1));
      for (const std::size_t s : samples) seen.push_back(s);
      // All realizations of a stretch of times come before the next one.
      EXPECT_GE(layout.cells[samples.front()].step, last_time);
      last_time = layout.cells[samples.front()].step;
    }
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(std::ssize(seen), times * members);
    for (std::size_t s = 0; s < seen.size(); ++s) EXPECT_EQ(seen[s], s);
  }
  // One date of fifty members: as many at once as of fifty dates.
  EXPECT_EQ(blocks_of_samples(members_of(1, 50), 16).size(), 4u);
  EXPECT_EQ(blocks_of_samples(members_of(50, 1), 16).size(), 4u);
}

TEST(SpreadSums, AreTheMomentsOfTheMixture) {
  constexpr std::size_t points = 5, times = 3, members = 4;
  const SampleLayout layout = members_of(times, members);
  SpreadSums sums(layout, points);
  const auto mean = [](std::size_t s, std::size_t i) {
    return 15 + std::sin(3.1 * static_cast<double>(s) + static_cast<double>(i));
  };
  const auto variance = [](std::size_t s, std::size_t i) {
    return 0.1 + 0.02 * static_cast<double>(s * i % 7);
  };
  std::vector<std::size_t> whole;
  for (const auto& samples : blocks_of_samples(layout, 5)) {
    std::vector<double> means, variances;
    for (const std::size_t s : samples)
      for (std::size_t i = 0; i < points; ++i)
        means.push_back(mean(s, i)), variances.push_back(variance(s, i));
    for (const std::size_t time : sums.add(samples, means, variances)) {
      whole.push_back(time);
      const RealizationSpread spread = sums.take(time);
      for (std::size_t i = 0; i < points; ++i) {
        double first = 0, second = 0, within = 0;
        for (std::size_t r = 0; r < members; ++r) {
          const double m = mean(r * times + time, i), v = variance(r * times + time, i);
          first += m / members, second += (m * m + v) / members, within += v / members;
        }
        EXPECT_NEAR(spread.mean[i], first, 1e-12);
        EXPECT_NEAR(spread.within[i], within, 1e-12);
        EXPECT_NEAR(spread.within[i] + spread.between[i], second - first * first, 1e-11);
      }
    }
  }
  EXPECT_EQ(whole, (std::vector<std::size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace podscale
