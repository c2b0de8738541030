#include "podscale/gaussian/start_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "podscale/gaussian/calibration.hpp"

namespace podscale {
namespace {

constexpr int kModes = 7;  // odd: tokens begin in the middle of a pair of normals
constexpr std::uint64_t kTime = (std::uint64_t{1800} << 32) + 262973;

std::vector<float> tokens(const StartNoise& noise, long first, long count, int member = 2,
                          std::uint64_t time = kTime, std::uint32_t step = 0) {
  std::vector<float> out(static_cast<std::size_t>(count) * kModes);
  noise.values(time, member, first, out, step);
  return out;
}

TEST(StartNoise, ARangeOfTokensIsAPartOfTheWhole) {
  const StartNoise noise(5, kModes);
  const auto whole = tokens(noise, 0, 9);
  for (long first = 0; first < 9; ++first)
    for (long count = 1; first + count <= 9; ++count)
      EXPECT_EQ(tokens(noise, first, count),
                std::vector<float>(whole.begin() + first * kModes, whole.begin() + (first + count) * kModes))
          << first << ", " << count;
}

TEST(StartNoise, IsStandardNormal) {
  const auto values = tokens(StartNoise(5, kModes), 0, 3000);
  const double n = static_cast<double>(values.size());
  double sum = 0, squares = 0, neighbours = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i], next = values[(i + 1) % values.size()];
    sum += value, squares += value * value, neighbours += value * next;
  }
  EXPECT_LT(std::abs(sum / n), 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 4 * std::sqrt(2 / n));
  EXPECT_LT(std::abs(neighbours / n), 4 / std::sqrt(n));
}

TEST(StartNoise, SeedsStreamsMembersTimesAndStepsDiffer) {
  const StartNoise noise(5, kModes);
  const std::vector<std::vector<float>> all = {
      tokens(noise, 3, 2),
      tokens(noise, 4, 2),
      tokens(noise, 3, 2, 3),
      tokens(noise, 3, 2, 2, kTime + 1),                         // the next hour
      tokens(noise, 3, 2, 2, kTime + (std::uint64_t{1} << 32)),  // another second of this hour
      tokens(noise, 3, 2, 2, kTime, 1),
      tokens(noise, 3, 2, 2, kTime, 2),
      tokens(StartNoise(6, kModes), 3, 2),
      tokens(StartNoise(5, kModes, Stream::ancestral), 3, 2),
      tokens(StartNoise(5, kModes, Stream::ancestral), 3, 2, 2, kTime, 1)};
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      for (std::size_t i = 0; i < all[a].size(); ++i) EXPECT_NE(all[a][i], all[b][i]) << a << ", " << b;
}

TEST(StartNoise, LatentsAreScaledAndZeroInPadding) {
  TokenLayout layout{5, kModes, 2, {}, {}, {}, 2};  // three patches, two global tokens
  layout.active.assign(5 * kModes, 1);
  const std::set<std::size_t> padding = {1 * kModes + 5, 1 * kModes + 6, 5 * kModes - 1};
  for (const std::size_t i : padding) layout.active[i] = 0;
  Temperature temperature(Inflation{4, 2.25, 1, {1, 0.25, 9}});  // global 2, patch 1.5
  ASSERT_EQ(temperature.global, 2);
  ASSERT_EQ(temperature.patch, 1.5f);
  const StartNoise noise(5, kModes);
  for (const bool by_mode : {true, false}) {
    if (!by_mode) temperature.mode.clear();
    std::vector<float> out(5 * kModes, -1);
    noise.latents(layout, kTime, 2, temperature, out, 4);
    const auto plain = tokens(noise, 0, 5, 2, kTime, 4);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t mode = i % kModes;
      const float of_mode = !by_mode    ? 1.0f
                            : mode == 1 ? 0.5f
                            : mode == 2 ? 3.0f
                                        : 1.0f,
                  factor = padding.contains(i) ? 0.0f
                           : i < 3 * kModes    ? 1.5f * of_mode
                                               : 2.0f;
      EXPECT_EQ(out[i], factor * plain[i]) << i;
    }
    // Factors of single patches, where LR was filled in; global tokens have none.
    Temperature raised = temperature;
    raised.token = {1, 1, 4};
    std::vector<float> more(out.size());
    noise.latents(layout, kTime, 2, raised, more, 4);
    for (std::size_t i = 0; i < out.size(); ++i)
      EXPECT_FLOAT_EQ(more[i], (i / kModes == 2 ? 4.0f : 1.0f) * out[i]) << i;
  }
}

}  // namespace
}  // namespace podscale
