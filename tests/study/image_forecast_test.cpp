// Forecasts of whole images: means, closed forms against many members, and intervals by
// validation.
#include "podscale/study/image_forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/study/image_calibrate.hpp"
#include "synthetic_images.hpp"

using namespace podscale;
using namespace podscale::test;

namespace {

/// Of each kind once.
const PooledBase& base_of(int modes) {
  static const PooledBase all = fitted(Communicator::self(), 0.3),
                          some = fitted(Communicator::self(), 0.3, 5);
  return modes == 0 ? all : some;
}

ImageCalibration grids(int shifts, double level = 1) {
  ImageCalibration calibration;
  calibration.shifts = shifts;
  calibration.level = level;
  return calibration;
}

Plane part(const Plane& lr, idx_t ny, idx_t nx) {
  Plane cut{ny, nx, {}};
  for (idx_t y = 0; y < ny; ++y)
    for (idx_t x = 0; x < nx; ++x) cut.values.push_back(lr.values[y * lr.nx + x + 5]);
  return cut;
}

class OnGrids : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Shifts, OnGrids, ::testing::Values(1, 2, 4));

TEST_P(OnGrids, ConstantImagesStayWhatTheyAre) {
  const PlaneForecast forecast(base_of(0), nullptr, {3, 1, {9, 9, 9}}, 255, grids(GetParam()));
  ASSERT_EQ(forecast.mean().ny, 6);
  ASSERT_EQ(forecast.mean().nx, 2);
  for (const float x : forecast.mean().values) EXPECT_NEAR(x, 9, 1e-5);
}

TEST_P(OnGrids, HaveTheVarianceOfManyMembersAtPointsAndOverBoxes) {
  constexpr int members = 3000;
  const Plane lr = part(image(8, 0).lr, 3, 5);  // patches of 2 x 2 cells are cut at two edges
  const PlaneForecast forecast(base_of(5), nullptr, lr, 255, grids(GetParam(), 1.3));
  const idx_t ny = forecast.mean().ny, nx = forecast.mean().nx;
  std::vector<double> weights;  // of any functional: over borders of patches
  for (idx_t i = 0; i < ny * nx; ++i) weights.push_back(std::sin(0.4 * static_cast<double>(i)));
  std::vector<double> squares(static_cast<std::size_t>(ny * nx), 0.0);
  const Plane box = forecast.box_variance(4);
  ASSERT_EQ(box.ny, 1);
  ASSERT_EQ(box.nx, 2);
  double of_sum = 0, of_box = 0;
  for (int m = 0; m < members; ++m) {
    const Plane member = forecast.member(77, m);
    double sum = 0, second_box = 0;
    for (idx_t i = 0; i < ny * nx; ++i) {
      const double d = static_cast<double>(member.values[i]) - forecast.mean().values[i];
      squares[i] += d * d;
      sum += weights[i] * d;
      if (i / nx < 4 && i % nx >= 4 && i % nx < 8) second_box += d / 16;
    }
    of_sum += sum * sum;
    of_box += second_box * second_box;
  }
  const double tolerance = 5 * std::sqrt(2.0 / members);  // five standard deviations
  for (idx_t i = 0; i < ny * nx; ++i)
    EXPECT_NEAR(squares[i] / members / forecast.variance().values[i], 1, tolerance) << i;
  EXPECT_NEAR(of_sum / members / forecast.functional_variance(weights), 1, tolerance);
  EXPECT_NEAR(of_box / members / box.values[1], 1, tolerance);
}

TEST_P(OnGrids, BoxesAreFunctionals) {
  const PlanePair pair = image(8, 0);
  const PlaneForecast forecast(base_of(0), nullptr, pair.lr, 255, grids(GetParam()));
  const idx_t nx = forecast.mean().nx;
  const Plane points = forecast.box_variance(1), boxes = forecast.box_variance(3);
  for (idx_t i = 0; i < std::ssize(points.values); ++i)
    ASSERT_NEAR(points.values[i], forecast.variance().values[i], 1e-4 * points.values[i]);
  for (const idx_t box : {idx_t{0}, idx_t{9}, std::ssize(boxes.values) - 1}) {
    std::vector<double> weights(forecast.mean().values.size(), 0.0);
    for (idx_t i = 0; i < 9; ++i)
      weights[(box / boxes.nx * 3 + i / 3) * nx + box % boxes.nx * 3 + i % 3] = 1.0 / 9;
    EXPECT_NEAR(forecast.functional_variance(weights), boxes.values[box], 1e-5 * boxes.values[box]);
  }
}

TEST(PlaneForecast, MembersDependOnSeedNameAndNumberAlone) {
  const PlanePair pair = image(8, 0);
  const PlaneForecast a(base_of(0), nullptr, pair.lr, 255, grids(4)),
      b(base_of(0), nullptr, pair.lr, 255, grids(4));
  const auto key = image_key(1, "butterfly");
  EXPECT_EQ(a.member(key, 3).values, b.member(key, 3).values);
  EXPECT_NE(a.member(key, 3).values, a.member(key, 4).values);
  EXPECT_NE(a.member(key, 3).values, a.member(image_key(1, "bird"), 3).values);
  EXPECT_NE(a.member(key, 3).values, a.member(image_key(2, "butterfly"), 3).values);
}

/// Changes no forecast; its members are the first mode alone.
class FirstMode final : public WindowNetwork {
 public:
  explicit FirstMode(idx_t modes) : modes_(modes) {}
  void correct(const WindowBatch&, idx_t, idx_t, double, PooledForecast&) const override {}
  std::vector<float> residual_member(const WindowBatch& windows, idx_t, idx_t, double, std::uint64_t,
                                     int member) const override {
    std::vector<float> z(static_cast<std::size_t>(windows.count * modes_), 0.0F);
    for (idx_t p = 0; p < windows.count; ++p) z[p * modes_] = static_cast<float>(member);
    return z;
  }
  bool makes_members() const override { return true; }
  idx_t parameters() const override { return 0; }

 private:
  idx_t modes_;
};

TEST(PlaneForecast, MembersOfADiffusionAreAsItDrawsThem) {
  const PooledBase& base = base_of(0);
  const FirstMode network(base.kept_modes());
  const PlanePair pair = image(8, 0);
  const PlaneForecast plain(base, &network, pair.lr, 255, grids(1)),
      wide(base, &network, pair.lr, 255, grids(1, 1.7)), alone(base, nullptr, pair.lr, 255, grids(1, 1.7));
  // The level is that of the Gaussian: of its variance and its own draws, not of the diffusion's.
  EXPECT_NEAR(wide.variance().values[0], 1.7 * plain.variance().values[0], 1e-5 * wide.variance().values[0]);
  EXPECT_EQ(plain.member(1, 2).values, wide.member(1, 2).values);
  EXPECT_NE(alone.member(1, 2).values, wide.member(1, 2).values);
  // Twice the number of the member is twice its distance from the mean, and 0 is the mean.
  const Plane none = plain.member(1, 0), one = plain.member(1, 1), two = plain.member(1, 2);
  double apart = 0;
  for (std::size_t i = 0; i < one.values.size(); ++i) {
    ASSERT_FLOAT_EQ(none.values[i], plain.mean().values[i]);
    ASSERT_NEAR(two.values[i] - none.values[i], 2 * (one.values[i] - none.values[i]), 1e-3);
    apart = std::max(apart, std::abs(static_cast<double>(one.values[i]) - none.values[i]));
  }
  EXPECT_GT(apart, 0.01);
}

TEST(PlaneForecast, SaysWhyGridsCannotBeShifted) {
  EXPECT_EQ(shifts_problem({8, 4, 3}, 4), "");
  EXPECT_EQ(shifts_problem({8, 8, 3}, 1), "");
  EXPECT_NE(shifts_problem({8, 8, 3}, 2).find("half a patch"), std::string::npos);
  EXPECT_NE(shifts_problem({8, 4, 3}, 3).find("expected 1, 2 or 4"), std::string::npos);
}

TEST(ImageCalibration, HalfWidthsHoldWhatTheySayOfOtherImages) {
  const Communicator all = Communicator::duplicate(MPI_COMM_WORLD);
  const auto calibrations = calibrate_images(all, base_of(0), nullptr, series(5, 6, 0.3));
  ASSERT_EQ(calibrations.size(), 3U);
  for (const ImageCalibration& c : calibrations) {
    double within50 = 0, within90 = 0, count = 0;
    for (idx_t n = 20; n < 30; ++n) {
      const PlanePair pair = image(n, 0.3);
      const PlaneForecast forecast(base_of(0), nullptr, pair.lr, 255, c);
      for (idx_t i = 0; i < std::ssize(pair.hr.values); ++i) {
        const double z = std::abs(static_cast<double>(pair.hr.values[i]) - forecast.mean().values[i]) /
                         std::sqrt(static_cast<double>(forecast.variance().values[i]));
        within50 += z < c.half50 ? 1 : 0;
        within90 += z < c.half90 ? 1 : 0;
        count += 1;
      }
    }
    EXPECT_NEAR(within50 / count, 0.5, 0.03) << c.shifts;
    EXPECT_NEAR(within90 / count, 0.9, 0.02) << c.shifts;
    EXPECT_EQ(&calibration_of(calibrations, base_of(0).shape, c.shifts), &c);
  }
  const auto alone = calibrate_images(Communicator::self(), base_of(0), nullptr, series(5, 6, 0.3));
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_EQ(alone[s].level, calibrations[s].level);
    EXPECT_EQ(alone[s].half90, calibrations[s].half90);
  }
}

}  // namespace
