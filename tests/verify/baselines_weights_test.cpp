// Baselines of a basis that names a file of weights.
#include <gtest/gtest.h>

#include <cmath>

#include "podscale/field/array_source.hpp"
#include "podscale/field/weight_file.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/verify/baselines.hpp"
#include "podscale/verify/options.hpp"
#include "scratch.hpp"
#include "synthetic.hpp"
#include "weight_sample.hpp"

namespace podscale {
namespace {

class WeightedBaselines : public ::testing::Test {
 protected:
  WeightedBaselines() { basis.interpolation = Interpolation::bilinear; }

  /// The basis names a file with its own bilinear weights but for some points.
  void use_weights(const std::vector<idx_t>& left_out) {
    const std::string path = folder / "weights.nc";
    write_esmf(self, path, lr_remap(self, basis), basis.lr_mesh, basis.mesh, 1, left_out);
    basis.weights = {path, checksum_of_file(self, path)};
  }
  BaselineFields fields(const std::vector<double>& days = {0, 1}) const {
    std::vector<float> values;
    const long times = std::ssize(days);
    for (long t = 0; t < times; ++t)
      for (idx_t p = 0; p < basis.lr_mesh.points(); ++p)
        values.push_back(static_cast<float>(15 + std::sin(1.7 * static_cast<double>(p + 5 * t))));
    const ArraySource lr(self, basis.lr_mesh,
                         decode_times(days, "days since 2000-01-01", "standard", "test"), values);
    BaselineFields found;
    Baselines baselines(lr, basis);
    EXPECT_EQ(baselines.kind(), basis.weights.path.empty() ? "bilinear" : "weights");
    baselines.read(times - 2, 0.3, found);
    baselines.read(times - 1, 0.3, found);
    return found;
  }

  Communicator self = Communicator::self();
  test::ScratchFolder folder{self};
  Basis basis = synthetic::make_basis(self);
};

TEST_F(WeightedBaselines, ByItsOwnWeightsAreThoseOfTheInterpolation) {
  const BaselineFields expected = fields();
  use_weights({});
  const BaselineFields found = fields();
  double largest = 0;
  for (std::size_t i = 0; i < basis.ocean.size(); ++i) {
    if (!basis.ocean[i]) continue;
    largest = std::max(largest, std::abs(static_cast<double>(expected.anomaly[i] - expected.climatology[i])));
    EXPECT_NEAR(found.anomaly[i], expected.anomaly[i], 1e-5) << i;
    EXPECT_NEAR(found.persistence[i], expected.persistence[i], 1e-5) << i;
    EXPECT_EQ(found.bilinear[i], expected.bilinear[i]) << i;
  }
  EXPECT_GT(largest, 0.1);
}

TEST_F(WeightedBaselines, APointThatTheFileDoesNotReachGetsTheClimatology) {
  idx_t point = 0;
  while (!basis.ocean[point]) ++point;
  use_weights({point});
  const BaselineFields found = fields();
  const std::size_t i = point;
  EXPECT_EQ(found.anomaly[i], found.climatology[i]);
  EXPECT_EQ(found.persistence[i], found.climatology[i]);
  EXPECT_NE(found.bilinear[i], found.climatology[i]);
}

TEST_F(WeightedBaselines, OnePointIsThatOfTheField) {
  idx_t unreached = 0, cell = 0;
  while (!basis.ocean[unreached]) ++unreached;
  while (!basis.lr_ocean[cell]) ++cell;
  for (const bool weights : {false, true}) {
    if (weights) use_weights({unreached});
    std::vector<float> values;
    for (idx_t p = 0; p < basis.lr_mesh.points(); ++p)
      values.push_back(static_cast<float>(15 + std::sin(1.7 * static_cast<double>(p))));
    values[static_cast<std::size_t>(cell)] = std::nanf("");  // a gap
    const ArraySource lr(self, basis.lr_mesh,
                         decode_times({40.0}, "days since 2000-01-01", "standard", "test"), values);
    Baselines baselines(lr, basis);
    const std::vector<float> field = baselines.anomaly(0);
    long zeros = 0, others = 0;
    for (idx_t point = 0; point < basis.mesh.points(); ++point) {
      const float expected = field[static_cast<std::size_t>(point)];
      EXPECT_EQ(baselines.anomaly_at(0, point), expected) << point;
      ++(expected == 0 ? zeros : others);
    }
    EXPECT_GT(zeros, 0);
    EXPECT_GT(others, 0);
  }
}

TEST_F(WeightedBaselines, PersistenceOfAnotherDayThanYesterdayIsTheClimatology) {
  const BaselineFields daily = fields({0, 1, 2, 3, 4}), gap = fields({0, 1, 2, 3, 5});
  double largest = 0;
  for (std::size_t i = 0; i < basis.ocean.size(); ++i) {
    if (!basis.ocean[i]) continue;
    EXPECT_EQ(gap.anomaly[i], daily.anomaly[i]) << i;
    EXPECT_EQ(gap.persistence[i], gap.climatology[i]) << i;
    largest = std::max(largest, std::abs(static_cast<double>(daily.persistence[i] - daily.climatology[i])));
  }
  EXPECT_GT(largest, 0.1);
}

TEST(MembersBehind, IsSaidByTheNamelistOfTheProductOrNotAtAll) {
  const std::string members = "&sampling members = 7, uncertainty = ";
  EXPECT_EQ(members_behind(members + "'ensemble', control_variate = .false. /", "test"), 7);
  EXPECT_EQ(members_behind(members + "'ensemble', control_variate = .true. /", "test"), 0);
  EXPECT_EQ(members_behind(members + "'base' /", "test"), 0);
  EXPECT_EQ(members_behind(members + "'auto' /", "test"), -1);
  EXPECT_EQ(members_behind("", "test"), -1);
}

}  // namespace
}  // namespace podscale
