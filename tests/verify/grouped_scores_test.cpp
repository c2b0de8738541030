// Scores by age and by lead: groups of times, scored as the period is, whatever the distribution.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "podscale/core/random.hpp"
#include "podscale/stat/student.hpp"
#include "podscale/verify/age_scores.hpp"
#include "podscale/verify/lead_scores.hpp"
#include "podscale/verify/score_accumulator.hpp"

namespace podscale {
namespace {

constexpr long kTimes = 9, kNy = 4, kNx = 5, kPoints = kNy * kNx;

const ScoreVariable& variable(const ScoreSection& section, const std::string& name) {
  for (const ScoreVariable& v : section.variables)
    if (v.name == name) return v;
  throw std::runtime_error(name);
}

class Grouped : public ::testing::TestWithParam<double> {
 protected:
  Grouped() {
    std::vector<double> lat, lon;
    for (long j = 0; j < kNy; ++j) lat.push_back(-40 + static_cast<double>(j));
    for (long i = 0; i < kNx; ++i) lon.push_back(150 + static_cast<double>(i));
    mesh_ = Mesh::rectilinear(lat, lon);
  }
  const std::vector<VerifiedSystem> systems_ = {{"podscale", "the product", true}, {"other", "no variance"}};
  ScoreAccumulator scored(const std::vector<long>& times, std::unique_ptr<ScoreFamily> family = nullptr) {
    ScoreAccumulator scores(mesh_, std::vector<unsigned char>(kPoints, 1), systems_, kTimes, 6.0);
    if (family) scores.add_family(std::move(family));
    const Communicator world = Communicator::duplicate(MPI_COMM_WORLD);
    for (std::size_t n = 0; n < times.size(); ++n) {
      if (static_cast<int>(n) % world.size() != world.rank()) continue;
      std::vector<float> truth(kPoints), mean(kPoints);
      random_.fill_normal(std::span<float>(truth), static_cast<std::uint32_t>(times[n]), 1);
      random_.fill_normal(std::span<float>(mean), static_cast<std::uint32_t>(times[n]), 2);
      const std::vector<float> variance(kPoints, 1.5f);
      const Forecast forecasts[] = {{.mean = mean, .variance = variance, .members = {},
                                     .degrees_of_freedom = GetParam()},
                                    {.mean = mean, .variance = {}, .members = {}}};
      scores.add(times[n], forecasts, truth, {});
    }
    scores.reduce(world);
    return scores;
  }
  Mesh mesh_ = Mesh::rectilinear({0}, {0});
  CounterRandom random_{3, Stream::test};
};

TEST_P(Grouped, AGroupHasTheScoresOfItsTimesAlone) {
  std::vector<double> ages(kTimes, 2.0);
  std::vector<long> all, without, of_two;
  for (long t = 0; t < kTimes; ++t) {
    if (t % 3 == 1) ages[static_cast<std::size_t>(t)] = std::numeric_limits<double>::quiet_NaN();
    (t % 3 == 1 ? without : of_two).push_back(t);
    all.push_back(t);
  }
  const ScoreSection by_age = scored(all, std::make_unique<AgeScores>(systems_, ages)).sections().front();
  std::vector<double> leads;
  for (const double age : ages) leads.push_back(std::isnan(age) ? 7 : 2);
  const ScoreSection by_lead = scored(all, std::make_unique<LeadScores>(systems_, leads)).sections().front();
  EXPECT_TRUE(std::isnan(variable(by_age, "history_age").values[1]));
  std::size_t row = 0;
  for (const auto& times : {of_two, without}) {
    const ScoreAccumulator alone = scored(times);
    EXPECT_EQ(variable(by_age, "times_by_age").values[row / 2], static_cast<double>(times.size()));
    for (std::size_t s = 0; s < 2; ++s, ++row) {
      const Scores expected = alone.total(s);
      for (const auto& [age, lead, value] :
           {std::tuple{"rmse_by_age", "lead_rmse", expected.rmse}, {"crps_by_age", "lead_crps", expected.crps},
            {"coverage_90_by_age", "lead_coverage_90", expected.coverage[2]}})
        for (const double found : {variable(by_age, age).values[row], variable(by_lead, lead).values[row]}) {
          if (std::isnan(value))
            EXPECT_TRUE(std::isnan(found)) << age;
          else
            EXPECT_DOUBLE_EQ(found, value) << age;
        }
      EXPECT_EQ(std::isnan(expected.coverage[2]), s == 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(GaussianAndStudent, Grouped, ::testing::Values(0.0, 5.0));

TEST(GroupedScores, TheDistributionMatters) {  // else the test above would hold for a Gaussian alone
  EXPECT_GT(std::abs(predictive_crps(0, 1, 5, 0.3) - predictive_crps(0, 1, 0, 0.3)), 1e-3);
}

}  // namespace
}  // namespace podscale
