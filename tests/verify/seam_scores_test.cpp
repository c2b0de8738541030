#include "podscale/verify/seam_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

using namespace podscale;

namespace {

constexpr long kNy = 8, kNx = 12;

struct Ratios {
  double mean, member, truth;
};

double value_of(const ScoreSection& section, const std::string& name) {
  for (const ScoreVariable& variable : section.variables)
    if (variable.name == name) return variable.values.front();
  ADD_FAILURE() << "no variable " << name;
  return 0;
}

/// Of the only system and of the truth; patches of 4 x 4. Without members: those of a
/// deterministic system.
Ratios seams_of(const std::vector<float>& mean, const std::vector<float>& truth,
                const std::vector<float>& members = {}, std::vector<double> weights = {}) {
  std::vector<double> lat, lon;
  for (long j = 0; j < kNy; ++j) lat.push_back(-10.0 + static_cast<double>(j));
  for (long i = 0; i < kNx; ++i) lon.push_back(100.0 + static_cast<double>(i));
  const Mesh grid = Mesh::rectilinear(lat, lon);
  if (weights.empty()) weights.assign(static_cast<std::size_t>(kNy * kNx), 1.0);
  SeamScores scores(grid, Decomposition(kNy, kNx, 4, 4, 1),
                    {{"podscale", "the product", false, !members.empty()}}, 1);
  const Forecast forecast{mean, {}, members};
  const std::vector<float> climatology(mean.size(), 0.0f);
  scores.add({0, weights, std::span(&forecast, 1), truth, climatology});
  scores.reduce(Communicator::self());
  const ScoreSection section = scores.section({});
  return {value_of(section, "seam_ratio"), value_of(section, "seam_ratio_member"),
          value_of(section, "seam_ratio_truth")};
}

/// Ratio of `field` as the mean of the only system.
double seam_of(const std::vector<float>& field, std::vector<double> weights = {}) {
  return seams_of(field, field, {}, std::move(weights)).mean;
}

std::vector<float> field_of(const auto& value) {
  std::vector<float> field;
  for (long j = 0; j < kNy; ++j)
    for (long i = 0; i < kNx; ++i) field.push_back(static_cast<float>(value(j, i)));
  return field;
}

}  // namespace

TEST(SeamScores, OfAPlaneIsOne) {
  EXPECT_NEAR(seam_of(field_of([](long j, long i) { return 1.5 * static_cast<double>(i + j); })), 1, 1e-6);
}

TEST(SeamScores, CountsStepsAtPatchBordersOnly) {
  // A unit slope in x and y, and a step of 3 more at every border.
  const auto steps =
      field_of([](long j, long i) { return static_cast<double>(i + j + 3 * (i / 4 + j / 4)); });
  EXPECT_NEAR(seam_of(steps), 4, 1e-6);
}

TEST(SeamScores, OfMeanFirstMemberAndTruthEach) {
  const auto with_step = [](double step) {
    return field_of([step](long j, long i) {
      return static_cast<double>(i + j) + step * static_cast<double>(i / 4 + j / 4);
    });
  };
  std::vector<float> members = with_step(2);
  const auto second = with_step(7);
  members.insert(members.end(), second.begin(), second.end());
  const Ratios x = seams_of(with_step(1), with_step(0.5), members);
  EXPECT_NEAR(x.mean, 2, 1e-6);
  EXPECT_NEAR(x.member, 3, 1e-6);
  EXPECT_NEAR(x.truth, 1.5, 1e-6);
  EXPECT_TRUE(std::isnan(seams_of(with_step(1), with_step(0)).member));
}

TEST(SeamScores, LandTakesNoPart) {
  auto field = field_of([](long j, long i) { return static_cast<double>(i + j); });
  std::vector<double> weights(field.size(), 1.0);
  field[17] = 1e6f;
  weights[17] = 0;
  EXPECT_NEAR(seam_of(field, weights), 1, 1e-6);
}
