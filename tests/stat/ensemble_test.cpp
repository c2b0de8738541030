#include "podscale/stat/ensemble.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

double crps(std::vector<double> members, double y) {
  return fair_crps(members, y);
}

TEST(FairCrps, TwoMembersByHand) {
  // 1/2 (|1-2| + |4-2|) - 1/(2*2*1) (|1-4| + |4-1|) = 1.5 - 1.5 = 0; outside both members: 1/2 (4
  // + 1) - 1.5 = 1.
  EXPECT_DOUBLE_EQ(crps({1, 4}, 2), 0.0);
  EXPECT_DOUBLE_EQ(crps({4, 1}, 5), 1.0);
}

TEST(FairCrps, OneMemberIsAbsoluteError) {
  EXPECT_DOUBLE_EQ(crps({1.5}, 2), 0.5);
}

TEST(FairCrps, EqualMembersAreDeterministic) {
  EXPECT_DOUBLE_EQ(crps({1, 1, 1, 1}, 3), 2.0);
}

TEST(FairCrps, SortedSumIsTheDoubleSum) {
  const CounterRandom random(7, Stream::test);
  for (std::uint32_t m : {2u, 3u, 10u, 31u}) {
    std::vector<double> x(m);
    random.fill_normal(std::span<double>(x), m);
    const double y = 0.3;
    double distance = 0, pairs = 0;
    for (const double a : x) {
      distance += std::abs(a - y);
      for (const double b : x) pairs += std::abs(a - b);
    }
    EXPECT_NEAR(crps(x, y), distance / m - pairs / (2.0 * m * (m - 1)), 1e-13) << m;
  }
}

TEST(FairCrps, IsUnbiased) {
  // Over many draws of M members of N(0, 1) the mean is the CRPS of N(0, 1) itself, whatever M is.
  const CounterRandom random(11, Stream::test);
  const double y = 0.8, exact = gaussian_crps(0, 1, y);
  const int draws = 200000;
  for (const std::uint32_t m : {2u, 3u, 8u}) {
    std::vector<double> x(m);
    double sum = 0, squares = 0;
    for (int k = 0; k < draws; ++k) {
      random.fill_normal(std::span<double>(x), static_cast<std::uint32_t>(k), m);
      const double value = fair_crps(x, y);
      sum += value;
      squares += value * value;
    }
    const double mean = sum / draws, error = std::sqrt((squares / draws - mean * mean) / draws);
    EXPECT_NEAR(mean, exact, 4 * error) << m;
    EXPECT_LT(4 * error, 0.01);
  }
}

TEST(SpreadCorrection, CountsTheMeansOwnError) {
  EXPECT_DOUBLE_EQ(spread_correction(0), 1.0);
  EXPECT_DOUBLE_EQ(spread_correction(4), 1.25);
}

}  // namespace
}  // namespace podscale
