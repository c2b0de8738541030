#include "podscale/verify/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/stat/normal.hpp"
#include "podscale/verify/rank_histogram.hpp"

namespace podscale {
namespace {

const std::vector<VerifiedSystem> gaussian = {{"podscale", "", true, false}};

struct Draw {
  std::vector<double> weights;
  std::vector<float> mean, variance, truth, members;
};

// Truth = mean + shift + scale * sigma * noise; members (if any) from the forecast's own
// distribution.
Draw draw(std::size_t n, double shift, double scale, std::size_t members = 0) {
  Draw out{std::vector<double>(n, 1.0), std::vector<float>(n), {}, {}, std::vector<float>(members * n)};
  const CounterRandom random(17, Stream::test);
  std::vector<float> z(n);
  random.fill_normal(std::span<float>(out.mean), 1);
  random.fill_normal(std::span<float>(z), 2);
  random.fill_normal(std::span<float>(out.members), 3);
  for (std::size_t i = 0; i < n; ++i) {
    const double sigma = 0.2 + 0.6 * random.uniform(4, static_cast<std::uint32_t>(i));
    out.variance.push_back(static_cast<float>(sigma * sigma));
    out.truth.push_back(static_cast<float>(out.mean[i] + shift + scale * sigma * z[i]));
    for (std::size_t m = 0; m < members; ++m)
      out.members[m * n + i] = static_cast<float>(out.mean[i] + sigma * out.members[m * n + i]);
  }
  return out;
}

GaussianCalibration calibrate(const Draw& sample) {
  GaussianCalibration scores(gaussian, 1);
  const Forecast forecast{sample.mean, sample.variance, {}};
  scores.add({0, sample.weights, std::span(&forecast, 1), sample.truth, {}});
  scores.reduce(Communicator::self());
  return scores;
}

TEST(ReliabilityIndex, ByHand) {
  const double flat[] = {3, 3, 3, 3}, one[] = {0, 0, 8, 0}, half[] = {1, 3}, none[] = {0, 0};
  EXPECT_DOUBLE_EQ(reliability_index(flat), 0);
  EXPECT_DOUBLE_EQ(reliability_index(one), 2 * (1 - 0.25));
  EXPECT_DOUBLE_EQ(reliability_index(half), 0.5);
  EXPECT_TRUE(std::isnan(reliability_index(none)));
}

TEST(Calibration, ExactGaussianIsUniformAndCoversWhatItSays) {
  const std::size_t n = 200000;
  const GaussianCalibration scores = calibrate(draw(n, 0, 1));
  const auto error = [&](double p) { return 4.5 * std::sqrt(p * (1 - p) / static_cast<double>(n)); };
  for (const double share : scores.pit_shares(0)) EXPECT_NEAR(share, 0.05, error(0.05));
  const std::vector<double> covered = scores.coverage(0);
  for (std::size_t k = 0; k < interval_levels; ++k)
    EXPECT_NEAR(covered[k], interval_level(k), error(interval_level(k))) << k;
  EXPECT_LT(reliability_index(scores.pit_shares(0)), 0.02);
}

TEST(Calibration, OverconfidentForecastHasTheExpectedEnds) {
  // Truth twice as wide as the forecast says: P(PIT < 0.05) = Phi(quantile(0.05) / 2).
  const std::size_t n = 200000;
  const GaussianCalibration scores = calibrate(draw(n, 0, 2));
  const double end = normal_cdf(normal_quantile(0.05) / 2);
  const double error = 4.5 * std::sqrt(end * (1 - end) / static_cast<double>(n));
  EXPECT_NEAR(scores.pit_shares(0).front(), end, error);
  EXPECT_NEAR(scores.pit_shares(0).back(), end, error);
  EXPECT_NEAR(scores.coverage(0)[17], 2 * normal_cdf(central_half_width(0.9) / 2) - 1, 0.005);
}

TEST(Calibration, CoverageAgreesWithTheTable) {
  const Draw sample = draw(5000, 0.1, 1.3);
  const std::vector<double> covered = calibrate(sample).coverage(0);
  const Scores table = scores_of(
      field_sums(sample.weights, {sample.mean, sample.variance, {}}, sample.truth, {}), {true, false, 0, 0});
  const std::size_t same[] = {9, 15, 17, 18};  // 50, 80, 90, 95 %
  for (std::size_t k = 0; k < coverage_levels.size(); ++k)
    EXPECT_NEAR(covered[same[k]], table.coverage[k], 1e-12);
}

TEST(Calibration, WeightsLandAndZeroVariance) {
  // Weight 3 in the lowest bin; land is never looked at; a certain and right forecast spreads over
  // all bins.
  Draw sample;
  sample.weights = {3, 0, 1};
  sample.mean = {5, std::nanf(""), 2};
  sample.variance = {1, std::nanf(""), 0};
  sample.truth = {0, std::nanf(""), 2};
  const GaussianCalibration scores = calibrate(sample);
  EXPECT_NEAR(scores.pit_shares(0).front(), (3 + 0.05) / 4, 1e-14);
  EXPECT_NEAR(scores.pit_shares(0).back(), 0.05 / 4, 1e-15);
  EXPECT_DOUBLE_EQ(scores.coverage(0)[0], 0.25);
}

TEST(RankAmong, CountsAndTies) {
  const std::vector<float> members = {3, 9, 1, 9, 2, 9, 2, 9};  // every other one
  EXPECT_EQ(rank_among(members, 0, 2, 0.5f, 0.5), 0u);
  EXPECT_EQ(rank_among(members, 0, 2, 9.0f, 0.5), 4u);
  EXPECT_EQ(rank_among(members, 0, 2, 2.5f, 0.5), 3u);
  EXPECT_EQ(rank_among(members, 0, 2, 2.0f, 0.01), 1u);  // two ties: places 1, 2, 3
  EXPECT_EQ(rank_among(members, 0, 2, 2.0f, 0.5), 2u);
  EXPECT_EQ(rank_among(members, 0, 2, 2.0f, 0.99), 3u);
}

std::vector<double> ranks_of(const Draw& sample, int members) {
  RankHistogram scores({{"podscale", "", true, true, members, members}}, 1, 5);
  const Forecast forecast{sample.mean, sample.variance, sample.members};
  scores.add({0, sample.weights, std::span(&forecast, 1), sample.truth, {}});
  scores.reduce(Communicator::self());
  return scores.shares(0);
}

TEST(RankHistogram, TruthLikeTheMembersIsFlat) {
  const std::size_t n = 100000;
  const std::vector<double> shares = ranks_of(draw(n, 0, 1, 9), 9);
  ASSERT_EQ(shares.size(), 10u);
  for (const double share : shares) EXPECT_NEAR(share, 0.1, 4.5 * std::sqrt(0.09 / static_cast<double>(n)));
}

TEST(RankHistogram, EqualValuesAreFlatToo) {
  // All members equal to the truth: nothing but the random places.
  const std::size_t n = 20000;
  Draw sample = draw(n, 0, 0, 4);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t m = 0; m < 4; ++m) sample.members[m * n + i] = sample.truth[i];
  for (const double share : ranks_of(sample, 4))
    EXPECT_NEAR(share, 0.2, 4.5 * std::sqrt(0.16 / static_cast<double>(n)));
}

TEST(RankHistogram, BiasGoesToOneSide) {
  const std::vector<double> shares = ranks_of(draw(20000, 3, 1, 4), 4);
  EXPECT_GT(shares.back(), 0.95);  // the truth is warmer than all members
}

}  // namespace
}  // namespace podscale
