#include <gtest/gtest.h>

#include <cmath>

#include "example_meshes.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {
namespace {

TEST(Axes, EdgesLieHalfWay) {
  const Mesh grid = Mesh::rectilinear({10, 11, 13}, {0, 2});
  EXPECT_EQ(grid.y().bounds, (std::vector<double>{9.5, 10.5, 12, 14}));
  EXPECT_EQ(grid.x().bounds, (std::vector<double>{-1, 1, 3}));
  EXPECT_FALSE(grid.periodic());
  EXPECT_EQ(grid.ny(), 3);
  EXPECT_EQ(grid.nx(), 2);
  EXPECT_EQ(grid.points(), 6);
}

TEST(Axes, PolesAreClipped) {
  const Mesh grid = Mesh::rectilinear(regular_axis(-90, 2, 91), regular_axis(0, 2, 180));
  EXPECT_EQ(grid.y().bounds.front(), -90);
  EXPECT_EQ(grid.y().bounds.back(), 90);
}

TEST(Axes, PeriodicGridsCloseUpWhereverTheyStart) {
  for (const double start : {0.0, 0.125, -179.875, 30.0}) {
    const Mesh grid = Mesh::rectilinear(regular_axis(-1, 1, 3), regular_axis(start, 0.25, 1440));
    EXPECT_TRUE(grid.periodic()) << start;
    EXPECT_DOUBLE_EQ(grid.x().bounds.back() - grid.x().bounds.front(), 360);
  }
  EXPECT_FALSE(Mesh::rectilinear(regular_axis(-1, 1, 3), regular_axis(0, 0.25, 1439)).periodic());
  EXPECT_FALSE(Mesh::rectilinear(regular_axis(-1, 1, 3), regular_axis(0, 1, 180)).periodic());
  std::vector<double> wobbling;  // float32 coordinates
  for (int i = 0; i < 7200; ++i) wobbling.push_back(static_cast<float>(-179.975 + 0.05 * i));
  EXPECT_TRUE(Mesh::rectilinear({0}, wobbling).periodic());
}

TEST(Axes, AreaWeightsAverageToOne) {
  const Mesh grid = Mesh::rectilinear(regular_axis(-89.5, 1, 180), regular_axis(0.5, 1, 360));
  double sum = 0;
  for (long j = 0; j < grid.ny(); ++j)
    for (long i = 0; i < grid.nx(); ++i) sum += grid.area_weight(j, i);
  EXPECT_NEAR(sum / static_cast<double>(grid.points()), 1, 1e-12);
  // A band of the sphere has the area 2 pi (sin b - sin a) of 4 pi.
  const double to_radians = std::acos(-1.0) / 180;
  EXPECT_NEAR(grid.area_weight(150, 7), std::sin(61 * to_radians) * 90 - std::sin(60 * to_radians) * 90,
              1e-12);
  EXPECT_DOUBLE_EQ(grid.area_weight(20, 3), grid.area_weight(159, 300));
}

TEST(Axes, BlocksOfCells) {
  const Mesh fine = Mesh::rectilinear(regular_axis(0.5, 1, 10), regular_axis(0.5, 1, 9));
  const Mesh coarse = fine.coarsened(4);
  EXPECT_EQ(coarse.y().centres, (std::vector<double>{2, 6, 9}));  // the last block has two rows
  EXPECT_EQ(coarse.y().bounds, (std::vector<double>{0, 4, 8, 10}));
  EXPECT_EQ(coarse.x().centres, (std::vector<double>{2, 6, 8.5}));
  EXPECT_FALSE(coarse.periodic());
  EXPECT_TRUE(
      Mesh::rectilinear(regular_axis(-89.5, 1, 180), regular_axis(0.5, 1, 360)).coarsened(8).periodic());
  EXPECT_EQ(fine.coarsened(1).checksum(), fine.checksum());
}

TEST(Axes, ChecksumsTellGridsApart) {
  const auto sum = Mesh::rectilinear({1, 2}, {3, 4, 5}).checksum();
  EXPECT_EQ(Mesh::rectilinear({1, 2}, {3, 4, 5}).checksum(), sum);
  EXPECT_NE(Mesh::rectilinear({1, 2, 3}, {4, 5}).checksum(), sum);
  EXPECT_NE(Mesh::rectilinear({1, 2}, {3, 4, 5.01}).checksum(), sum);
}

}  // namespace
}  // namespace podscale
