// What the modes leave out, against the projected covariance by its definition.
#include "podscale/pod/left_out.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/random.hpp"

namespace podscale {
namespace {

constexpr std::size_t d = 9, k = 2;
constexpr long kSamples = 50;

struct Patch {
  Patch() : gram(d * d, 0.0), rest(d * d, 0.0) {
    std::vector<double> u(d * kSamples);
    CounterRandom(3, Stream::test).fill_normal(std::span(u), 0);
    for (std::size_t t = 0; t < kSamples; ++t)
      for (std::size_t i = 0; i < d; ++i) u[t * d + i] *= 1 + static_cast<double>(i);
    for (std::size_t t = 0; t < kSamples; ++t)
      for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) gram[i * d + j] += u[t * d + i] * u[t * d + j];
    for (std::size_t i = 0; i < d; ++i) patch.points.push_back(static_cast<long>(i));
    patch.modes = k;
    std::vector<double> matrix = gram;
    patch.phi = leading_eigenpairs(matrix, d, k).vectors;
    for (std::size_t t = 0; t < kSamples; ++t) {
      std::vector<double> left(u.begin() + static_cast<long>(t * d),
                               u.begin() + static_cast<long>((t + 1) * d));
      for (std::size_t m = 0; m < k; ++m) {
        double a = 0;
        for (std::size_t i = 0; i < d; ++i) a += patch.phi[m * d + i] * u[t * d + i];
        for (std::size_t i = 0; i < d; ++i) left[i] -= a * patch.phi[m * d + i];
      }
      for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) rest[i * d + j] += left[i] * left[j] / kSamples;
    }
    for (std::size_t i = 0; i < d; ++i) {
      patch.tau.push_back(rest[i * d + i]);
      patch.variance += gram[i * d + i] / kSamples;
    }
  }
  double product(std::size_t i, std::size_t j) const {
    double sum = 0;
    for (std::size_t c = 0; c * d < patch.left_out.size(); ++c)
      sum += static_cast<double>(patch.left_out[c * d + i]) * static_cast<double>(patch.left_out[c * d + j]);
    return sum;
  }
  PatchModes patch;
  std::vector<double> gram, rest;
};

TEST(LeftOut, AllColumnsGiveTheWholeCovariance) {
  Patch p;
  set_left_out(p.gram, kSamples, 100, p.patch);
  EXPECT_EQ(p.patch.left_out.size(), d * (d - k));
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j)
      EXPECT_NEAR(p.product(i, j), p.rest[i * d + j], 1e-5 * std::sqrt(p.patch.tau[i] * p.patch.tau[j]))
          << i << j;
}

TEST(LeftOut, FewerColumnsKeepTheVarianceOfEveryPoint) {
  Patch p;
  set_left_out(p.gram, kSamples, 3, p.patch);
  EXPECT_EQ(p.patch.left_out.size(), d * 3);
  for (std::size_t i = 0; i < d; ++i) EXPECT_NEAR(p.product(i, i) / p.patch.tau[i], 1, 1e-5);
}

TEST(LeftOut, NothingIsLeftWhereTheModesHoldAll) {
  Patch p;
  std::fill(p.patch.tau.begin(), p.patch.tau.end(), 0.0);
  set_left_out(p.gram, kSamples, 3, p.patch);
  EXPECT_TRUE(p.patch.left_out.empty());
}

}  // namespace
}  // namespace podscale
