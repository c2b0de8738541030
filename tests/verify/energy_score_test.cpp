#include "podscale/verify/energy_score.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/stat/ensemble.hpp"

namespace podscale {
namespace {

TEST(EnergyScore, OfOnePointIsTheFairCrps) {
  const CounterRandom random(3, Stream::test);
  for (const std::uint32_t m : {1u, 2u, 7u}) {
    std::vector<float> x(m);
    random.fill_normal(std::span<float>(x), m);
    std::vector<double> members(x.begin(), x.end());
    const float y[] = {0.3f};
    const double w[] = {2.5};
    EXPECT_NEAR(fair_energy_score(x, y, w), fair_crps(members, y[0]), 1e-12) << m;
  }
}

TEST(EnergyScore, EqualsNumpy) {
  // X = [[1, 2], [0, -1], [3, .5]]; y = [.5, .25]; w = [1, 3]; norm(d) = sqrt(sum(w d d) /
  // sum(w)); mean(norm(x - y)) - sum_ij norm(x_i - x_j) / (2 * 3 * 2)
  const std::vector<float> x = {1, 2, 0, -1, 3, 0.5f}, y = {0.5f, 0.25f};
  const std::vector<double> w = {1, 3};
  EXPECT_NEAR(fair_energy_score(x, y, w), 0.26031641700409081, 1e-14);
}

TEST(EnergyScore, OfOneMemberIsTheDistance) {
  const std::vector<float> x = {3, 4}, y = {0, 0};
  EXPECT_DOUBLE_EQ(fair_energy_score(x, y, std::vector<double>{1, 1}), 5 / std::sqrt(2));
}

TEST(EnergyScore, ExpectationDoesNotDependOnMembers) {
  const CounterRandom random(8, Stream::test);
  const std::vector<float> y = {0.4f, -0.2f, 0.9f};
  const std::vector<double> w = {1, 2, 1};
  const int draws = 40000;
  double mean[2] = {}, error = 0;
  for (const std::uint32_t which : {0u, 1u}) {
    std::vector<float> x(3 * (which == 0 ? 2 : 8));
    double squares = 0;
    for (int k = 0; k < draws; ++k) {
      random.fill_normal(std::span<float>(x), static_cast<std::uint32_t>(k), which);
      const double value = fair_energy_score(x, y, w);
      mean[which] += value / draws;
      squares += value * value / draws;
    }
    error += (squares - mean[which] * mean[which]) / draws;
  }
  EXPECT_NEAR(mean[0], mean[1], 4.5 * std::sqrt(error));
  EXPECT_LT(4.5 * std::sqrt(error), 0.03);
}

TEST(EnergyScore, SeesStructureThatTheCrpsDoesNot) {
  // Members with the right marginals but independent points against truth and members of one value
  // each: the mean CRPS is the same in expectation, the energy score is not.
  const CounterRandom random(12, Stream::test);
  const std::size_t d = 16, m = 10;
  const std::vector<double> w(d, 1.0);
  double structured = 0, scattered = 0;
  for (std::uint32_t k = 0; k < 2000; ++k) {
    std::vector<float> z(m + 1), loose(m * d), rigid(m * d), y(d);
    random.fill_normal(std::span<float>(z), k, 0);
    random.fill_normal(std::span<float>(loose), k, 1);
    for (std::size_t i = 0; i < d; ++i) {
      y[i] = z[m];
      for (std::size_t j = 0; j < m; ++j) rigid[j * d + i] = z[j];
    }
    structured += fair_energy_score(rigid, y, w);
    scattered += fair_energy_score(loose, y, w);
  }
  EXPECT_LT(structured, 0.95 * scattered);
}

TEST(EnergyScores, WindowsWithoutLandAndTheWholeField) {
  // 4 x 6 points, windows of 2: six of them, one with land. Errors of 1 in the first window, 0
  // elsewhere.
  const Mesh grid = Mesh::rectilinear({-0.3, -0.1, 0.1, 0.3}, {10, 10.2, 10.4, 10.6, 10.8, 11});
  std::vector<double> weights(24, 1.0);
  weights[23] = 0;
  std::vector<float> truth(24, 5.0f), mean(24, 5.0f);
  for (const int k : {0, 1, 6, 7}) mean[k] = 6;
  truth[23] = mean[23] = std::nanf("");
  const std::vector<VerifiedSystem> systems = {
      {"members", "", true, true, 2, 2}, {"mean", ""}, {"gaussian", "", true, false}};
  std::vector<float> members = mean, variance(24, 1.0f);
  members.insert(members.end(), mean.begin(), mean.end());
  const Forecast forecasts[] = {{mean, variance, members}, {mean, {}, {}}, {mean, variance, {}}};
  EnergyScores scores(grid, systems, 1, 2);
  scores.add({0, weights, forecasts, truth, {}});
  scores.reduce(Communicator::self());
  for (const std::size_t s : {0u, 1u}) {  // two equal members are one
    EXPECT_DOUBLE_EQ(scores.means(s).window, 1.0 / 5);
    EXPECT_DOUBLE_EQ(scores.means(s).field, std::sqrt(4.0 / 23));
  }
  EXPECT_TRUE(std::isnan(scores.means(2).field));
}

}  // namespace
}  // namespace podscale
