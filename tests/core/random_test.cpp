#include "podscale/core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace podscale {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRandom, MomentsOfTheNormal) {
  const CounterRandom random(42, Stream::test);
  const std::size_t n = 1000000;
  std::vector<double> x(n);
  random.fill_normal(std::span<double>(x), 1);
  double mean = 0, second = 0, third = 0, fourth = 0, lag = 0;
  for (std::size_t i = 0; i < n; ++i) {
    mean += x[i];
    second += x[i] * x[i];
    third += std::pow(x[i], 3);
    fourth += std::pow(x[i], 4);
    if (i > 0) lag += x[i] * x[i - 1];  // the two of one Box-Muller pair, and neighbours of two pairs
  }
  // Four standard errors: variances 1, 2, 15, 96 and 1 over n.
  const double root = std::sqrt(static_cast<double>(n)), size = static_cast<double>(n);
  EXPECT_NEAR(mean / size, 0, 4 / root);
  EXPECT_NEAR(second / size, 1, 4 * std::sqrt(2.0) / root);
  EXPECT_NEAR(third / size, 0, 4 * std::sqrt(15.0) / root);
  EXPECT_NEAR(fourth / size, 3, 4 * std::sqrt(96.0) / root);
  EXPECT_NEAR(lag / size, 0, 4 / root);
}

TEST(CounterRandom, UniformIsInsideAndFlat) {
  const CounterRandom random(7, Stream::shuffle);
  const int n = 100000;
  int low = 0;
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(static_cast<std::uint32_t>(i), 3, 4, 5);
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    low += u < 0.1;
  }
  EXPECT_NEAR(sum / n, 0.5, 4 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(low, 0.1 * n, 4 * std::sqrt(0.09 * n));
}

TEST(CounterRandom, AnElementDoesNotDependOnTheLength) {
  const CounterRandom random(3, Stream::sampler);
  std::vector<float> all(101), some(17);
  std::vector<double> wide(101);
  random.fill_normal(std::span<float>(all), 5, 6, 7);
  random.fill_normal(std::span<float>(some), 5, 6, 7);
  random.fill_normal(std::span<double>(wide), 5, 6, 7);
  for (std::size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i], all[i]) << i;
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(static_cast<float>(wide[i]), all[i]) << i;
}

TEST(CounterRandom, NoiseOfATimeIsKeyedByTheSecondToo) {
  const CounterRandom random(3, Stream::sampler);
  const auto first = [&](std::uint64_t hour, std::uint64_t second, std::uint32_t member, std::uint32_t step) {
    float value = 0;
    random.fill_noise(std::span(&value, 1), second << 32 | hour, member, step);
    return value;
  };
  float plain = 0;
  random.fill_normal(std::span<float>(&plain, 1), 4711, 2, 5);
  EXPECT_EQ(first(4711, 0, 2, 5), plain);
  std::set<float> values;
  for (const std::uint64_t second : {0, 1, 1800, 3599})
    for (const std::uint32_t member : {0, 1, 1100000})
      for (const std::uint32_t step : {0, 1, 100000}) values.insert(first(4711, second, member, step));
  EXPECT_EQ(values.size(), 36u);
}

TEST(CounterRandom, SeedsStreamsAndCountersDiffer) {
  std::set<double> values;
  int count = 0;
  for (std::uint64_t seed : {0ull, 1ull, 2ull, 1ull << 32, ~0ull})
    for (const Stream stream :
         {Stream::sampler, Stream::ancestral, Stream::training_noise, Stream::ocean, Stream::test}) {
      const CounterRandom random(seed, stream);
      for (std::uint32_t a = 0; a < 4; ++a)
        for (std::uint32_t d = 0; d < 4; ++d, ++count) values.insert(random.uniform(a, 0, 0, d));
    }
  EXPECT_EQ(values.size(), static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace podscale
