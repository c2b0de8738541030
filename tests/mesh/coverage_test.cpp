#include "podscale/mesh/coverage.hpp"

#include <gtest/gtest.h>

#include "example_meshes.hpp"

namespace podscale {
namespace {

Coverage all(const Mesh& coarse, const Mesh& fine) {
  return coverage(coarse, fine, 0, fine.ny());
}

const Mesh kFine = Mesh::rectilinear(regular_axis(-35.875, 0.25, 24), regular_axis(150.125, 0.25, 24));

TEST(MeshCoverage, OfAxes) {
  const std::vector<double> lat = regular_axis(-35.5, 1, 6);
  Coverage c = all(Mesh::rectilinear(lat, regular_axis(150.5, 1, 6)), kFine);
  EXPECT_EQ(c.points, 576);
  EXPECT_EQ(c.inside, 576);
  EXPECT_EQ(c.smaller, 0);
  EXPECT_EQ(c.first_outside, -1);
  c = all(Mesh::rectilinear(lat, regular_axis(150.5 - 360, 1, 3)), kFine);  // the western half
  EXPECT_EQ(c.inside, 288);
  EXPECT_EQ(c.first_outside, 12);
  EXPECT_EQ(coverage(Mesh::rectilinear(lat, regular_axis(150.5, 1, 3)), kFine, 3, 2).first_outside,
            3 * 24 + 12);
  EXPECT_EQ(all(Mesh::rectilinear(lat, regular_axis(300.5, 1, 6)), kFine).inside, 0);
  EXPECT_EQ(all(Mesh::rectilinear(regular_axis(-89.5, 1, 180), regular_axis(0.5, 1, 360)), kFine).inside,
            576);
  // Exchanged: LR of a tenth of a degree.
  c = all(Mesh::rectilinear(regular_axis(-36, 0.1, 61), regular_axis(150, 0.1, 61)), kFine);
  EXPECT_EQ(c.smaller, c.inside);
  EXPECT_EQ(all(kFine, kFine).smaller, 0);  // the same resolution is no fault
}

TEST(MeshCoverage, OfPlanesInAnyUnitAndOfTables) {
  const Mesh fine = Mesh::plane(regular_axis(500, 1000, 20), regular_axis(500, 1000, 20), {});
  const Mesh coarse = Mesh::plane(regular_axis(2.5, 5, 4), regular_axis(2.5, 5, 2), {"km", 1000});
  EXPECT_EQ(all(coarse, fine).inside, 200);
  const auto tilted = [](double step) {
    return [step](double j, double i) {
      return rotated({step * (j + 0.5) - 3, step * (i + 0.5) - 3}, 40, -170);
    };
  };
  const Mesh table = Mesh::curvilinear(24, 24, table_of(24, 24, tilted(0.25)));
  EXPECT_EQ(all(Mesh::curvilinear(6, 6, table_of(6, 6, tilted(1))), table).inside, 576);
  EXPECT_EQ(all(Mesh::curvilinear(6, 6, table_of(6, 6, tilted(1))), kFine).inside, 0);
  const Coverage half = all(Mesh::curvilinear(6, 3, table_of(6, 3, tilted(1))), table);
  EXPECT_GE(half.inside, 288);
  EXPECT_LE(half.inside, 336);  // corners count as inside a little beyond the edge
}

}  // namespace
}  // namespace podscale
