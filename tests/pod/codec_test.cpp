#include "podscale/pod/codec.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

struct Region {
  Communicator comm = Communicator::self();
  Decomposition decomposition{12, 10, 4, 5, 1};
  Patches patches;
  std::vector<double> u;
  static constexpr long kSteps = 60, kPoints = 120;
  explicit Region(int modes) : u(static_cast<std::size_t>(kSteps * kPoints)) {
    std::vector<unsigned char> ocean(static_cast<std::size_t>(kPoints), 1);
    for (const std::size_t land : {0u, 1u, 17u, 63u}) ocean[land] = 0;
    const CounterRandom random(3, Stream::test);
    random.fill_normal(std::span(u), 0);
    patches = find_patches(comm, decomposition, ocean);
    GramMatrices grams(patches.mine);
    grams.add(u, kSteps, kPoints);
    compute_modes(comm, decomposition, grams, {modes, 1.0, false}, patches.mine);
  }
};

}  // namespace

TEST(Codec, WithAllModesTheRoundTripIsTheIdentityOnOcean) {
  Region region(20);
  const Codec codec(region.patches.mine, 20, Region::kPoints);
  const auto scale = codec.scales();
  std::vector<float> tokens(static_cast<std::size_t>(Region::kSteps * codec.tokens() * 20));
  codec.encode(region.u, Region::kSteps, scale, tokens);
  std::vector<double> back(region.u.size(), -99);
  codec.decode(tokens, Region::kSteps, scale, back);
  for (long t = 0; t < Region::kSteps; ++t)
    for (const PatchModes& patch : region.patches.mine)
      for (const long point : patch.points) {
        const std::size_t i = static_cast<std::size_t>(t * Region::kPoints + point);
        ASSERT_NEAR(back[i], region.u[i], 1e-5);  // tokens are float32
      }
  EXPECT_EQ(back[0], -99);  // land is left alone
}

TEST(Codec, EncodingAgainChangesNothingAndTokensAreStandardised) {
  Region region(6);
  const Codec codec(region.patches.mine, 6, Region::kPoints);
  const auto scale = codec.scales();
  std::vector<float> tokens(static_cast<std::size_t>(Region::kSteps * codec.tokens() * 6)),
      again(tokens.size());
  codec.encode(region.u, Region::kSteps, scale, tokens);
  std::vector<double> field(region.u.size(), 0.0);
  codec.decode(tokens, Region::kSteps, scale, field);
  codec.encode(field, Region::kSteps, scale, again);
  for (std::size_t i = 0; i < tokens.size(); ++i) ASSERT_NEAR(tokens[i], again[i], 1e-5);
  const std::size_t width = static_cast<std::size_t>(codec.tokens() * 6);
  for (std::size_t j = 0; j < width; ++j) {
    double sum = 0;
    for (std::size_t t = 0; t < Region::kSteps; ++t)
      sum += static_cast<double>(tokens[t * width + j]) * static_cast<double>(tokens[t * width + j]);
    EXPECT_NEAR(sum / Region::kSteps, 1, 1e-5);
  }
}

TEST(Codec, ScalingTheFieldByAPowerOfTwoScalesTokensExactly) {
  Region region(6);
  const Codec codec(region.patches.mine, 6, Region::kPoints);
  const auto scale = codec.scales();
  std::vector<float> one(static_cast<std::size_t>(Region::kSteps * codec.tokens() * 6)), eight(one.size());
  codec.encode(region.u, Region::kSteps, scale, one);
  auto scaled = region.u;
  for (double& v : scaled) v *= 8;
  codec.encode(scaled, Region::kSteps, scale, eight);
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_EQ(eight[i], 8 * one[i]);
}
