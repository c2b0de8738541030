#include <gtest/gtest.h>

#include "example_meshes.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

std::vector<double> as_float(std::vector<double> values) {
  for (double& v : values) v = static_cast<float>(v);
  return values;
}

TEST(MeshAgreement, RoundedAxesAndOtherConventionsAgree) {
  const Mesh mesh = Mesh::rectilinear(regular_axis(-30, 0.05, 200), regular_axis(150.3, 0.05, 300));
  EXPECT_EQ(mesh_difference(Mesh::rectilinear(as_float(mesh.y().centres), as_float(mesh.x().centres)), mesh),
            std::nullopt);
  EXPECT_EQ(mesh_difference(Mesh::rectilinear(mesh.y().centres, regular_axis(150.3 - 360, 0.05, 300)), mesh),
            std::nullopt);
  const Mesh other = Mesh::rectilinear(regular_axis(-30 + 0.01, 0.05, 200), mesh.x().centres);
  const auto reason = mesh_difference(other, mesh);
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("-29.99"), std::string::npos) << *reason;
  EXPECT_NE(reason->find("-30 "), std::string::npos) << *reason;
  EXPECT_TRUE(mesh_difference(Mesh::rectilinear(mesh.y().centres, regular_axis(150.3, 0.05, 299)), mesh));
}

TEST(MeshAgreement, CellsOfMetresAgreeInFloat32) {
  const Mesh mesh = Mesh::rectilinear(regular_axis(-30, 1e-3, 200), regular_axis(359, 1e-3, 300));
  EXPECT_EQ(mesh_difference(Mesh::rectilinear(as_float(mesh.y().centres), as_float(mesh.x().centres)), mesh),
            std::nullopt);
  EXPECT_EQ(mesh_difference(Mesh::rectilinear(mesh.y().centres, as_float(regular_axis(-1, 1e-3, 300))), mesh),
            std::nullopt);
  EXPECT_TRUE(mesh_difference(Mesh::rectilinear(mesh.y().centres, regular_axis(359.0005, 1e-3, 300)), mesh));
}

TEST(MeshAgreement, SizesThatDifferShowBothRegions) {
  const Mesh mesh = Mesh::rectilinear(regular_axis(-30, 1, 20), regular_axis(150, 1, 30));
  const auto reason = mesh_difference(mesh.subset({0, 10, 0, 30}), mesh);
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("10 x 30 points, -30.0000 to -21.0000 N"), std::string::npos) << *reason;
  EXPECT_NE(reason->find("expected 20 x 30"), std::string::npos) << *reason;
}

TEST(MeshAgreement, KindsOfCoordinatesDiffer) {
  const Mesh sphere = Mesh::rectilinear({0, 1}, {0, 1}), plane = Mesh::plane({0, 1}, {0, 1}, {});
  EXPECT_TRUE(mesh_difference(sphere, plane));
  EXPECT_TRUE(mesh_difference(plane, Mesh::image(2, 2)));
  EXPECT_EQ(mesh_difference(Mesh::plane({0, 0.001}, {0, 0.001}, {"km", 1000}), plane), std::nullopt);
  EXPECT_TRUE(mesh_difference(Mesh::plane({0, 1}, {0, 1}, {"km", 1000}), plane));
  // The same positions, once as axes and once for each point.
  const auto position = [](double j, double i) { return Position{j, i}; };
  EXPECT_EQ(mesh_difference(Mesh::curvilinear(2, 2, table_of(2, 2, position)), sphere), std::nullopt);
  EXPECT_EQ(mesh_difference(sphere, Mesh::curvilinear(2, 2, table_of(2, 2, position))), std::nullopt);
}

TEST(MeshAgreement, ProjectionsTellPlanesApart) {
  const Mesh plane = Mesh::plane({0, 1}, {0, 1}, {});
  const auto polar = [&](double parallel, const char* name) {
    return plane.with_mapping({"crs",
                               {{"grid_mapping_name", "polar_stereographic", {}},
                                {"long_name", name, {}},
                                {"standard_parallel", "", {parallel}}}});
  };
  EXPECT_EQ(mesh_difference(polar(70, "a"), polar(70, "b")), std::nullopt);
  EXPECT_EQ(mesh_difference(polar(70, "a"), plane), std::nullopt);
  const auto reason = mesh_difference(polar(70, "a"), polar(71, "a"));
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("standard_parallel"), std::string::npos);
  EXPECT_NE(reason->find("70"), std::string::npos);
  EXPECT_NE(reason->find("71"), std::string::npos);
}

TEST(MeshAgreement, CurvilinearPointsAgreeAcrossTheCutAndAtThePole) {
  const Tripolar t;
  PointTable turned = t.table();
  for (double& x : turned.x) x = static_cast<float>(x < 0 ? x + 360 : x);
  for (double& y : turned.y) y = static_cast<float>(y);
  const Mesh mesh = t.mesh();
  EXPECT_EQ(mesh_difference(Mesh::curvilinear(t.ny, t.nx, turned), mesh), std::nullopt);
  turned.y[500] += 0.1;
  EXPECT_TRUE(mesh_difference(Mesh::curvilinear(t.ny, t.nx, turned), mesh));
}

TEST(MeshAgreement, ATurnOfAPeriodicMeshIsFound) {
  const std::vector<double> lat = regular_axis(-10, 2, 11);
  const Mesh a = Mesh::rectilinear(lat, regular_axis(0.5, 1, 360)),
             b = Mesh::rectilinear(lat, regular_axis(-179.5, 1, 360));
  EXPECT_EQ(column_shift(b, a), 180);  // column 180 of b is the first of a
  EXPECT_EQ(column_shift(a, a), 0);
  EXPECT_EQ(column_shift(Mesh::rectilinear(lat, regular_axis(0.25, 1, 360)), a), std::nullopt);
}

TEST(MeshAgreement, ChecksumsRecogniseAMesh) {
  const Mesh mesh = Mesh::rectilinear(regular_axis(0, 0.25, 20), regular_axis(170, 0.25, 100));
  EXPECT_EQ(Mesh::rectilinear(mesh.y().centres, regular_axis(-190, 0.25, 100)).checksum(), mesh.checksum());
  std::vector<double> noisy = mesh.y().centres;
  for (double& y : noisy) y += 1e-14;
  EXPECT_EQ(Mesh::rectilinear(noisy, mesh.x().centres).checksum(), mesh.checksum());
  EXPECT_NE(Mesh::rectilinear(regular_axis(0.01, 0.25, 20), mesh.x().centres).checksum(), mesh.checksum());
  EXPECT_NE(Mesh::plane(mesh.y().centres, mesh.x().centres, {}).checksum(), mesh.checksum());
  EXPECT_NE(Mesh::plane({0, 1}, {0, 1}, {"km", 1000}).checksum(), Mesh::plane({0, 1}, {0, 1}, {}).checksum());
  EXPECT_NE(Tripolar().mesh().checksum(), (Tripolar{40, 60, 10}).mesh().checksum());
  EXPECT_EQ(Tripolar().mesh().checksum(), Tripolar().mesh(true).checksum());
}

}  // namespace
}  // namespace podscale
