#include "podscale/mesh/mesh.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numbers>
#include <set>

#include "example_meshes.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kSphere = 4 * std::numbers::pi * kEarthRadius * kEarthRadius;

double total_area(const Mesh& mesh) {
  double sum = 0;
  for (idx_t p = 0; p < mesh.points(); ++p) sum += mesh.area(p);
  return sum;
}

double mean_weight(const Mesh& mesh) {
  double sum = 0, counted = 0;
  for (idx_t p = 0; p < mesh.points(); ++p) {
    const double weight = mesh.area_weight(p / mesh.nx(), p % mesh.nx());
    sum += weight;
    counted += weight > 0;
  }
  return sum / counted;
}

TEST(RectilinearMesh, BoundsOfTheFileCount) {
  const Mesh mesh =
      Mesh::rectilinear({-60, 0, 60}, {45, 135, 225, 315}, {-90, -30, 30, 90}, {0, 90, 180, 270, 360});
  EXPECT_TRUE(mesh.periodic());
  EXPECT_NEAR(total_area(mesh) / kSphere, 1, 1e-12);
  EXPECT_NEAR(mesh.area(4) / kSphere, 0.5 / 4, 1e-12);
}

TEST(RectilinearMesh, BadAxesAreRefused) {
  EXPECT_THROW(Mesh::rectilinear({2, 1}, {0, 1}), Error);
  EXPECT_THROW(Mesh::rectilinear({1, 2}, {0, 0}), Error);
  EXPECT_THROW(Mesh::rectilinear({}, {0}), Error);
  EXPECT_THROW(Mesh::rectilinear({1, kNone}, {0, 1}), Error);
  EXPECT_THROW(Mesh::rectilinear({80, 95}, {0, 1}), Error);
  EXPECT_THROW(Mesh::rectilinear({1, 2}, {0, 1}, {0, 0.5, 3}), Error);
}

TEST(RectilinearMesh, GoesRoundTheEarth) {
  const Mesh mesh = Mesh::rectilinear(regular_axis(-5, 1, 11), regular_axis(0.5, 1, 360));
  EXPECT_EQ(mesh.at(2, -1), 2 * 360 + 359);
  EXPECT_EQ(mesh.at(2, 361), 2 * 360 + 1);
  EXPECT_EQ(mesh.at(11, 0), -1);
  EXPECT_EQ(mesh.at(-1, 0), -1);
  EXPECT_EQ(Mesh::rectilinear({0, 1}, {0, 1, 2}).at(0, 3), -1);
}

TEST(CurvilinearMesh, IsThePlainMeshWhereItsPositionsAre) {
  const Mesh axes = Mesh::rectilinear(regular_axis(-60, 1, 30), regular_axis(100, 1, 40));
  const Mesh points = Mesh::curvilinear(30, 40, table_of(30, 40, [](double j, double i) {
                                          return Position{-60 + j, 100 + i};
                                        }));
  EXPECT_FALSE(points.periodic());
  EXPECT_FALSE(points.fold().present);
  for (idx_t p = 0; p < axes.points(); ++p) {
    EXPECT_EQ(points.owner(p), p);
    const bool border =
        p < 40 || p >= 29 * 40 || p % 40 == 0 || p % 40 == 39;  // edges go on as great circles
    EXPECT_NEAR(points.area(p) / axes.area(p), 1, border ? 5e-3 : 1e-4) << p;
    EXPECT_NEAR(points.spacing(p).y / axes.spacing(p).y, 1, 1e-4);
    EXPECT_NEAR(points.spacing(p).x / axes.spacing(p).x, 1, 1e-4);
  }
  EXPECT_NEAR(mean_weight(points), 1, 1e-12);
}

TEST(CurvilinearMesh, AreasOfGlobalMeshesAddUpToTheSphere) {
  const auto turned = [](double j, double i) {
    return rotated({-90 + 4 * (j + 0.5), 4 * (i + 0.5)}, 39.25, -162);
  };
  const Mesh with_corners = Mesh::curvilinear(45, 90, table_of(45, 90, turned, true));
  EXPECT_NEAR(total_area(with_corners) / kSphere, 1, 1e-10);
  EXPECT_TRUE(with_corners.periodic());
  EXPECT_FALSE(with_corners.fold().present);  // its last row is a ring round a pole
  const Mesh centres = Mesh::curvilinear(45, 90, table_of(45, 90, turned));
  EXPECT_NEAR(total_area(centres) / kSphere, 1, 1e-3);
  EXPECT_TRUE(centres.periodic());
  const Tripolar tripolar;
  EXPECT_NEAR(total_area(tripolar.mesh(true)) / kSphere, 1, 1e-10);
  EXPECT_NEAR(total_area(tripolar.mesh()) / kSphere, 1, 3e-3);
}

TEST(CurvilinearMesh, CornersMayComeInAnyOrder) {
  const Tripolar tripolar;
  const Mesh expected = tripolar.mesh(true);
  const std::vector<std::array<std::size_t, 4>> orders{{1, 2, 3, 0}, {3, 2, 1, 0}, {0, 3, 2, 1}};
  for (const auto& order : orders) {
    PointTable table = tripolar.table(true);
    for (std::vector<double>* values : {&table.corner_y, &table.corner_x})
      for (std::size_t cell = 0; cell < values->size(); cell += 4) {
        const std::vector<double> was(values->begin() + static_cast<idx_t>(cell),
                                      values->begin() + static_cast<idx_t>(cell) + 4);
        for (std::size_t k = 0; k < 4; ++k) (*values)[cell + k] = was[order[k]];
      }
    const Mesh mesh = Mesh::curvilinear(tripolar.ny, tripolar.nx, table);
    EXPECT_EQ(mesh.table().corner_x, expected.table().corner_x);
    EXPECT_NEAR(total_area(mesh), total_area(expected), 1e-3);
  }
}

TEST(TripolarMesh, FoldsBetweenItsPoints) {
  const Tripolar t;
  const Mesh mesh = t.mesh();
  EXPECT_TRUE(mesh.periodic());
  ASSERT_TRUE(mesh.fold().present);
  EXPECT_FALSE(t_pivot(mesh));
  EXPECT_EQ(mesh.at(t.ny, 10), mesh.at(t.ny - 1, t.nx - 11));
  EXPECT_EQ(mesh.at(t.ny + 1, -1), mesh.at(t.ny - 2, 0));
  for (idx_t p = 0; p < mesh.points(); ++p) EXPECT_EQ(mesh.owner(p), p);
}

/// Repeated points count once: all positions of owners differ, and each repeat lies where its
/// owner does.
void expect_repeats(const Mesh& mesh, idx_t owners) {
  std::set<idx_t> found;
  idx_t sized = 0;
  for (idx_t p = 0; p < mesh.points(); ++p) {
    const idx_t owner = mesh.owner(p);
    ASSERT_EQ(mesh.owner(owner), owner);
    EXPECT_LT(norm(mesh.vector(p, Space::sphere) - mesh.vector(owner, Space::sphere)), 1e-9) << p;
    EXPECT_TRUE(owner == p || mesh.area(p) == 0);
    sized += mesh.area(p) > 0;
    found.insert(owner);
  }
  EXPECT_GE(sized, owners - 2);  // the cell at a pole of a T fold has no extent
  EXPECT_EQ(std::ssize(found), owners);
}

TEST(TripolarMesh, RepeatedColumnsAndRowsCountOnce) {
  const Tripolar t;
  const Mesh f = t.with_repeats(false);
  EXPECT_FALSE(f.periodic());
  EXPECT_EQ(f.period(), t.nx);
  ASSERT_TRUE(f.fold().present);
  EXPECT_FALSE(t_pivot(f));
  expect_repeats(f, t.ny * t.nx);
  EXPECT_NEAR(total_area(f) / kSphere, 1, 3e-3);
  EXPECT_NEAR(mean_weight(f), 1, 1e-12);

  const Mesh pivot = t.with_repeats(true);
  EXPECT_EQ(pivot.period(), t.nx);
  ASSERT_TRUE(pivot.fold().present);
  EXPECT_TRUE(t_pivot(pivot));
  expect_repeats(pivot, (t.ny - 1) * t.nx + t.nx / 2 + 1);  // the fold's own row: pairs, and the two poles
  EXPECT_NEAR(total_area(pivot) / kSphere, 1, 5e-3);
}

TEST(TripolarMesh, FoldsWhereItsRepeatsWereCutOff) {
  const Tripolar t;
  const Mesh whole = t.with_repeats(true);
  const Mesh inner = whole.subset({0, whole.ny() - 1, 1, t.nx});
  const Mesh mesh = Mesh::curvilinear(inner.ny(), inner.nx(), {inner.table().y, inner.table().x, {}, {}});
  EXPECT_TRUE(mesh.periodic());
  ASSERT_TRUE(mesh.fold().present);
  EXPECT_TRUE(t_pivot(mesh));
  expect_repeats(mesh, (t.ny - 1) * t.nx + t.nx / 2 + 1);
}

TEST(TripolarMesh, MayBeginWithItsFold) {
  const Tripolar t;
  PointTable table =
      table_of(t.ny, t.nx, [&](double j, double i) { return t.at(static_cast<double>(t.ny) - 1 - j, i); });
  const Mesh mesh = Mesh::curvilinear(t.ny, t.nx, table);
  ASSERT_TRUE(mesh.fold().present);
  EXPECT_EQ(mesh.at(-1, 10), mesh.at(0, t.nx - 11));
  EXPECT_EQ(mesh.at(t.ny, 10), -1);
  EXPECT_NEAR(total_area(mesh) / kSphere, 1, 3e-3);
}

TEST(CurvilinearMesh, AFinalRepeatOfTheFirstColumnIsFound) {
  const Mesh mesh = Mesh::curvilinear(20, 37, table_of(20, 37, [](double j, double i) {
                                        return Position{-40 + 4 * j, 10 * i};
                                      }));
  EXPECT_EQ(mesh.period(), 36);
  EXPECT_FALSE(mesh.periodic());
  EXPECT_EQ(mesh.owner(36), mesh.owner(0));
  double zero = 0;
  for (idx_t j = 0; j < 20; ++j) zero += mesh.area_weight(j, 0) * mesh.area_weight(j, 36);
  EXPECT_EQ(zero, 0);
}

TEST(CurvilinearMesh, ARowAtThePoleIsNoRepeat) {
  const Mesh mesh = Mesh::curvilinear(46, 90, table_of(46, 90, [](double j, double i) {
                                        return Position{-90 + 4 * j, 4 * i};
                                      }));
  EXPECT_FALSE(mesh.fold().present);
  for (idx_t p = 0; p < mesh.points(); ++p) EXPECT_EQ(mesh.owner(p), p);
}

TEST(CurvilinearMesh, PointsWithoutAPositionDoNotCount) {
  const auto position = [](double j, double i) { return Position{j, i}; };
  PointTable holes = table_of(12, 12, position), zeros = holes;
  for (idx_t j = 0; j < 4; ++j)
    for (idx_t i = 0; i < 5; ++i) {
      const std::size_t p = j * 12 + i;
      holes.y[p] = holes.x[p] = kNone;
      zeros.y[p] = zeros.x[p] = 0;  // as of processors without ocean
    }
  for (const PointTable& table : {holes, zeros}) {
    const Mesh mesh = Mesh::curvilinear(12, 12, table);
    EXPECT_EQ(mesh.owner(0), -1);
    EXPECT_EQ(mesh.owner(3 * 12 + 4), -1);
    EXPECT_EQ(mesh.owner(5), 5);
    EXPECT_EQ(mesh.area(0), 0);
    EXPECT_NEAR(mean_weight(mesh), 1, 1e-12);
    EXPECT_NEAR(mesh.area(5) / mesh.area(6), 1, 1e-2);  // beside the hole
    EXPECT_NE(mesh.nearest({0, 0}), 0);
  }
  PointTable far = table_of(3, 3, position);
  far.y[4] = 1e20;
  EXPECT_THROW(Mesh::curvilinear(3, 3, far), Error);
}

TEST(CurvilinearMesh, SmallMeshesWork) {
  const Mesh one = Mesh::curvilinear(1, 1, {{10}, {20}, {}, {}});
  EXPECT_EQ(one.area_weight(0, 0), 1);
  EXPECT_EQ(one.nearest({0, 0}), 0);
  const Mesh row = Mesh::curvilinear(1, 3, {{10, 10, 10}, {20, 21, 22}, {}, {}});
  EXPECT_EQ(row.area_weight(0, 1), 1);
  EXPECT_EQ(Mesh().points(), 0);
}

TEST(PlaneMesh, LengthsAreMetres) {
  const Mesh mesh = Mesh::plane({0, 10, 30}, {100, 104}, {"km", 1000});
  EXPECT_EQ(mesh.position(3).y, 10000);
  EXPECT_EQ(mesh.position(3).x, 104000);
  EXPECT_EQ(mesh.y().centres[1], 10);  // as in the file
  EXPECT_DOUBLE_EQ(mesh.area(0), 10 * 4);
  EXPECT_DOUBLE_EQ(mesh.spacing(0).y, 10);
  EXPECT_DOUBLE_EQ(mesh.offset(0, 3).x, 4);
  EXPECT_FALSE(mesh.geographic());
  EXPECT_TRUE(mesh.contains({-4000, 98000}));
  EXPECT_FALSE(mesh.contains({-6000, 98000}));
  EXPECT_NEAR(mean_weight(mesh), 1, 1e-12);
}

TEST(PlaneMesh, SinglePositionsGiveTheSameAreas) {
  const auto skewed = [](double j, double i) { return Position{2 * j + 0.5 * i, 3 * i}; };
  const Mesh mesh = Mesh::plane(5, 6, table_of(5, 6, skewed), {"km", 1000});
  for (idx_t p = 0; p < mesh.points(); ++p) EXPECT_NEAR(mesh.area(p), 6, 1e-9);
  EXPECT_FALSE(mesh.periodic());
  EXPECT_TRUE(mesh.contains({2000, 3000}));
  EXPECT_FALSE(mesh.contains({-3000, 3000}));
}

TEST(PlaneMesh, ImagesOfTwoResolutionsCoverOnePlane) {
  const Mesh fine = Mesh::image(8, 12), coarse = Mesh::image(2, 3, 4);
  EXPECT_EQ(mesh_difference(fine.coarsened(4), coarse), std::nullopt);
  EXPECT_EQ(fine.area(5), 1);
  EXPECT_EQ(fine.position(13).y, 1.5);
}

TEST(Mesh, CoarseningKeepsAreasAndEdges) {
  const Tripolar t{40, 60, 12};
  const Mesh fine = t.mesh(true), coarse = fine.coarsened(4);
  EXPECT_EQ(coarse.ny(), 10);
  EXPECT_EQ(coarse.nx(), 15);
  EXPECT_TRUE(coarse.periodic());
  EXPECT_TRUE(coarse.fold().present);
  EXPECT_NEAR(total_area(coarse), total_area(fine), 1e-3);
  double block = 0;
  for (idx_t j = 8; j < 12; ++j)
    for (idx_t i = 4; i < 8; ++i) block += fine.area(j * 60 + i);
  EXPECT_NEAR(coarse.area(2 * 15 + 1), block, 1e-6);
  EXPECT_LT(norm(coarse.corners(2 * 15 + 1)[2] - fine.corners(11 * 60 + 7)[2]), 1e-9);
  EXPECT_EQ(coarse.at(10, 4), coarse.at(9, 15 - 5));
  const Mesh cut = t.mesh().coarsened(6);  // its last blocks are 4 rows high
  ASSERT_TRUE(cut.fold().present);
  EXPECT_EQ(cut.at(7, 3), cut.at(6, 6));
  // Repeats stay out of it.
  const Mesh repeats = t.with_repeats(false);
  EXPECT_NEAR(total_area(repeats.coarsened(3)), total_area(repeats), 1e-3);
}

TEST(Mesh, WindowsPassTheSeam) {
  const Mesh axes = Mesh::rectilinear(regular_axis(-5, 1, 11), regular_axis(0.5, 1, 360));
  const Mesh part = axes.subset({2, 3, 358, 4});
  EXPECT_EQ(part.x().centres, (std::vector<double>{358.5, 359.5, 360.5, 361.5}));
  EXPECT_EQ(axes.subset({0, 1, -2, 3}).x().bounds, (std::vector<double>{-2, -1, 0, 1}));
  EXPECT_FALSE(part.periodic());
  const Mesh tripolar = Tripolar().mesh(true);
  const Mesh window = tripolar.subset({5, 4, -3, 7});
  for (idx_t p = 0; p < window.points(); ++p) {
    const idx_t q = tripolar.at(5 + p / 7, -3 + p % 7);
    EXPECT_EQ(window.position(p).x, tripolar.position(q).x);
    EXPECT_EQ(window.area(p), tripolar.area(q));
  }
}

TEST(Mesh, CoveringWindowsAreTheSmallest) {
  const Mesh mesh = Mesh::rectilinear(regular_axis(0, 1, 5), regular_axis(0, 10, 36));
  const auto window = [&](std::vector<idx_t> points) { return covering_window(mesh, points); };
  const Window seam = window({36 + 34, 36 * 2 + 1});
  EXPECT_EQ(seam.x0, 34);
  EXPECT_EQ(seam.nx, 4);
  EXPECT_EQ(seam.y0, 1);
  EXPECT_EQ(seam.ny, 2);
  EXPECT_EQ(index_within(mesh, seam, 36 * 2 + 1), 4 + 3);
  EXPECT_EQ(index_within(mesh, seam, 36 * 2 + 2), -1);
  EXPECT_EQ(point_of(mesh, seam, 1, 3), 36 * 2 + 1);
  EXPECT_EQ(window({3, 8}).nx, 6);
  EXPECT_EQ(window({}).points(), 0);
  std::vector<idx_t> all;
  for (idx_t i = 0; i < 36; ++i) all.push_back(i);
  EXPECT_EQ(window(all).nx, 36);
  const Mesh regional = Mesh::rectilinear({0}, {0, 1, 2, 3});
  EXPECT_EQ(covering_window(regional, std::vector<idx_t>{0, 3}).nx, 4);
}

TEST(Mesh, OffsetsPointNorthAndEast) {
  const Mesh axes = Mesh::rectilinear({50, 51}, {10, 11});
  const Position d = axes.offset(0, 3);
  EXPECT_NEAR(d.y, kEarthRadius * kRadians, 0.5);
  EXPECT_NEAR(d.x, kEarthRadius * kRadians * std::cos(50.5 * kRadians), 0.05);
  // Along a row exactly what the difference of longitudes gives, but for the curvature.
  EXPECT_NEAR(axes.offset(0, 1).x / (kEarthRadius * kRadians * std::cos(50 * kRadians)), 1, 1e-4);
}

TEST(Mesh, ContainsWhatItsCellsCover) {
  const Mesh axes = Mesh::rectilinear({0, 1}, {170, 171});
  EXPECT_TRUE(axes.contains({1.4, -190.4}));
  EXPECT_FALSE(axes.contains({1.6, 170}));
  const Mesh tripolar = Tripolar().mesh(true);
  for (const Position p : {Position{89, 17}, {75, -100}, {-89.9, 3}, {61, 80.5}, {0, 79.9}})
    EXPECT_TRUE(tripolar.contains(p)) << p.y << " " << p.x;
  const Mesh part = tripolar.subset({10, 5, 10, 5});
  EXPECT_FALSE(part.contains({80, 0}));
  EXPECT_TRUE(part.contains(part.position(7)));
}

TEST(Mesh, ExtentsGoRoundTheShortWay) {
  const auto position = [](double j, double i) { return Position{j, std::remainder(175 + i, 360.0)}; };
  const Mesh::Extent e = Mesh::curvilinear(3, 11, table_of(3, 11, position)).extent();
  EXPECT_NEAR(e.east - e.west, 10, 1e-12);
  EXPECT_EQ(e.north, 2);
}

}  // namespace
}  // namespace podscale
