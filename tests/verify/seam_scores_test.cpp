#include "podscale/verify/seam_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

using namespace podscale;

namespace {

constexpr long kNy = 8, kNx = 12;

/// Ratio of `field` as the mean of the only system, truth a plane, patches of 4 x 4.
double seam_of(const std::vector<float>& field, std::vector<double> weights = {}) {
  std::vector<double> lat, lon;
  for (long j = 0; j < kNy; ++j) lat.push_back(-10.0 + static_cast<double>(j));
  for (long i = 0; i < kNx; ++i) lon.push_back(100.0 + static_cast<double>(i));
  const Grid grid = make_grid(lat, lon);
  if (weights.empty()) weights.assign(static_cast<std::size_t>(kNy * kNx), 1.0);
  SeamScores scores(grid, Decomposition(kNy, kNx, 4, 4, 1), {{"podscale", "the product"}}, 1);
  const Forecast forecast{field, {}, {}};
  const std::vector<float> climatology(field.size(), 0.0f);
  scores.add({0, weights, std::span(&forecast, 1), field, climatology});
  scores.reduce(Communicator::self());
  return scores.section().variables.front().values.front();
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

TEST(SeamScores, LandTakesNoPart) {
  auto field = field_of([](long j, long i) { return static_cast<double>(i + j); });
  std::vector<double> weights(field.size(), 1.0);
  field[17] = 1e6f;
  weights[17] = 0;
  EXPECT_NEAR(seam_of(field, weights), 1, 1e-6);
}
