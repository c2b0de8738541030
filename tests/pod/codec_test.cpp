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
    std::vector<unsigned char> ocean(kPoints, 1);
    for (const std::size_t land : {0u, 1u, 17u, 63u}) ocean[land] = 0;
    const CounterRandom random(3, Stream::test);
    random.fill_normal(std::span(u), 0);
    patches = find_patches(comm, decomposition, ocean);
    GramMatrices grams(patches.mine);
    grams.add(u, kSteps, kPoints);
    compute_modes(comm, decomposition, grams, {modes, 1.0, false}, patches.mine);
  }
};

using Floats = std::vector<float>;

/// Coefficients of the region's series, and as what decode() takes.
Floats encoded(const Codec& codec, int modes, const std::vector<double>& u) {
  Floats a(static_cast<std::size_t>(Region::kSteps * codec.tokens() * modes));
  codec.encode(u, Region::kSteps, a);
  return a;
}
std::vector<double> doubles(const Floats& a) {
  return {a.begin(), a.end()};
}

}  // namespace

TEST(Codec, WithAllModesTheRoundTripIsTheIdentityOnOcean) {
  Region region(20);
  const Codec codec(region.patches.mine, 20, Region::kPoints);
  std::vector<double> back(region.u.size(), -99);
  codec.decode(doubles(encoded(codec, 20, region.u)), Region::kSteps, back);
  for (long t = 0; t < Region::kSteps; ++t)
    for (const PatchModes& patch : region.patches.mine)
      for (const long point : patch.points) {
        const std::size_t i = t * Region::kPoints + point;
        ASSERT_NEAR(back[i], region.u[i], 1e-5);  // coefficients are float32
      }
  EXPECT_EQ(back[0], 0);  // land
}

TEST(Codec, EncodingAgainChangesNothingAndScaleIsTheirDeviation) {
  Region region(6);
  const Codec codec(region.patches.mine, 6, Region::kPoints);
  const Floats a = encoded(codec, 6, region.u);
  std::vector<double> field(region.u.size());
  codec.decode(doubles(a), Region::kSteps, field);
  const Floats again = encoded(codec, 6, field);
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], again[i], 1e-5);
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p)
    for (std::size_t k = 0; k < 6; ++k) {
      double sum = 0;
      for (std::size_t t = 0; t < Region::kSteps; ++t)
        sum += std::pow(static_cast<double>(a[(t * region.patches.mine.size() + p) * 6 + k]), 2);
      EXPECT_NEAR(std::sqrt(sum / Region::kSteps) / region.patches.mine[p].scale[k], 1, 1e-5);
    }
}

TEST(Codec, ScalingTheFieldByAPowerOfTwoScalesCoefficientsExactly) {
  Region region(6);
  const Codec codec(region.patches.mine, 6, Region::kPoints);
  auto scaled = region.u;
  for (double& v : scaled) v *= 8;
  const Floats one = encoded(codec, 6, region.u), eight = encoded(codec, 6, scaled);
  for (std::size_t i = 0; i < one.size(); ++i) ASSERT_EQ(eight[i], 8 * one[i]);
}

/// By definition, point by point: columns of Phi F, and the diagonal of Phi F F^T Phi^T. One patch
/// has no modes, and the columns are few or many, so that both ways of the row norms are met.
TEST(Codec, ColumnsAndVarianceAreThoseOfTheDefinition) {
  Region region(6);
  region.patches.mine[1].modes = 0;
  region.patches.mine[1].phi.clear();
  const Codec codec(region.patches.mine, 6, Region::kPoints);
  for (const int columns : {1, 5, 12, 13, 40}) {
    PatchColumns factor;
    for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
      factor.emplace_back(static_cast<std::size_t>(region.patches.mine[p].modes * columns));
      CounterRandom(5, Stream::test).fill_normal(std::span(factor[p]), static_cast<std::uint32_t>(p));
    }
    const int first = columns / 4, last = columns - columns / 5, count = last - first;
    std::vector<double> fields(Region::kPoints * count, -99), part(Region::kPoints, 2.0),
        all(Region::kPoints, 0.0);
    codec.decode(factor, first, count, fields);
    codec.add_variance(factor, first, last, part);
    codec.add_variance(factor, 0, 1000, all);
    std::vector<double> expected(fields.size(), 0.0), variance(Region::kPoints, 0.0);
    for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
      const PatchModes& patch = region.patches.mine[p];
      for (std::size_t i = 0; i < patch.points.size(); ++i)
        for (int c = 0; c < columns; ++c) {
          double value = 0;
          for (int k = 0; k < patch.modes; ++k)
            value += patch.phi[static_cast<std::size_t>(k) * patch.points.size() + i] *
                     factor[p][c * patch.modes + k];
          if (c >= first && c < last) expected[(c - first) * Region::kPoints + patch.points[i]] = value;
          variance[patch.points[i]] += value * value;
        }
    }
    for (std::size_t i = 0; i < fields.size(); ++i) ASSERT_NEAR(fields[i], expected[i], 1e-13) << columns;
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_NEAR(all[i], variance[i], 1e-12) << columns;
      double some = 2;
      for (int c = 0; c < count; ++c)
        some += std::pow(expected[static_cast<std::size_t>(c * Region::kPoints) + i], 2);
      ASSERT_NEAR(part[i], some, 1e-12) << columns;
    }
  }
}

TEST(Codec, VarianceOfTheIdentityIsTheRowNormsOfPhi) {
  Region region(6);
  const Codec codec(region.patches.mine, 6, Region::kPoints);
  const auto trace = [&](double value) {
    std::vector<double> identity(36, 0.0), variance(Region::kPoints, 0.0);
    for (std::size_t i = 0; i < 6; ++i) identity[i * 6 + i] = value;
    codec.add_variance(PatchColumns(region.patches.mine.size(), identity), 0, 6, variance);
    double sum = 0;
    for (const double v : variance) sum += v;
    return sum;
  };
  EXPECT_NEAR(trace(1), 6.0 * static_cast<double>(region.patches.mine.size()), 1e-12);  // orthonormal
  EXPECT_EQ(trace(8), 64 * trace(1));  // a power of two: exactly
}
