#include "podscale/gaussian/closed_form_variance.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/base/random.hpp"
#include "podscale/pod/codec.hpp"

using namespace podscale;

namespace {

constexpr int kPoints = 24, kModes = 5;

/// A patch of 4 x 6 points with modes of random snapshots.
std::vector<PatchModes> one_patch() {
  const Communicator comm = Communicator::self();
  const Decomposition decomposition(4, 6, 4, 6, 1);
  Patches patches = find_patches(comm, decomposition, std::vector<unsigned char>(kPoints, 1));
  std::vector<double> u(kPoints * 200);
  CounterRandom(5, Stream::test).fill_normal(std::span(u), 0);
  GramMatrices grams(patches.mine);
  grams.add(u, 200, kPoints);
  compute_modes(comm, decomposition, grams, {kModes, 1.0, false}, patches.mine);
  return patches.mine;
}

}  // namespace

TEST(ClosedFormVariance, EqualsTheSampleVarianceOfDecodedMembers) {
  // Method, section 4.15; also with fewer members than modes, where the covariance is singular.
  const auto patches = one_patch();
  const Codec codec(patches, kModes, kPoints);
  const auto scale = codec.scales();
  for (const int members : {2, 4, 24}) {
    std::vector<float> tokens(static_cast<std::size_t>(members * kModes));
    CounterRandom(6, Stream::test).fill_normal(std::span(tokens), static_cast<std::uint32_t>(members));
    for (std::size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = 0.3f * tokens[i] + (i % kModes == 0 ? 2.0f : 0.0f);
    std::vector<const float*> pointers;
    for (int m = 0; m < members; ++m) pointers.push_back(tokens.data() + m * kModes);
    const LatentMoments moments = latent_moments(pointers, scale, kModes);
    const auto variance = retained_variance(patches.front(), moments.covariance);

    std::vector<double> decoded(static_cast<std::size_t>(members * kPoints));
    codec.decode(tokens, members, scale, decoded);
    for (int i = 0; i < kPoints; ++i) {
      double mean = 0, sum = 0;
      for (int m = 0; m < members; ++m) mean += decoded[static_cast<std::size_t>(m * kPoints + i)] / members;
      for (int m = 0; m < members; ++m)
        sum += std::pow(decoded[static_cast<std::size_t>(m * kPoints + i)] - mean, 2);
      EXPECT_NEAR(variance[static_cast<std::size_t>(i)], sum / (members - 1), 1e-13 + 1e-12 * sum);
    }
  }
}

TEST(ClosedFormVariance, IdentityCovarianceGivesTheSquaredRowNormsOfPhi) {
  const auto patches = one_patch();
  std::vector<double> identity(kModes * kModes, 0.0);
  for (int k = 0; k < kModes; ++k) identity[static_cast<std::size_t>(k * kModes + k)] = 1;
  const auto variance = retained_variance(patches.front(), identity);
  double trace = 0;
  for (const double v : variance) trace += v;
  EXPECT_NEAR(trace, kModes, 1e-12);  // orthonormal columns
}

TEST(ClosedFormVariance, ScalesByExactlyFourToTheN) {
  const auto patches = one_patch();
  std::vector<double> covariance(kModes * kModes);
  for (int i = 0; i < kModes; ++i)
    for (int j = 0; j < kModes; ++j)
      covariance[static_cast<std::size_t>(i * kModes + j)] = i == j ? 2.0 + i : 0.25;
  const auto one = retained_variance(patches.front(), covariance);
  for (double& c : covariance) c *= 64;  // members scaled by 2^3
  const auto eight = retained_variance(patches.front(), covariance);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(eight[i], 64 * one[i]);
}
