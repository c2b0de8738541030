// A mesh that was written comes back as it was, and is what a CF reader takes it for.
#include "podscale/field/mesh_file.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../mesh/example_meshes.hpp"
#include "on_all_ranks.hpp"
#include "podscale/field/cf_source.hpp"
#include "raw_file.hpp"
#include "shared_data.hpp"

namespace podscale {
namespace {

class MeshFile : public test::OnAllRanks {
 protected:
  /// Writes the mesh under two prefixes and a field on it, and reads all back.
  void check(const Mesh& mesh, const std::string& name, bool cf = true) {
    const std::string path = scratch / (name + ".nc");
    {
      NetcdfFile file = NetcdfFile::create(comm, path);
      file.define_dimension("time", 1);
      file.define_variable("time", NC_DOUBLE, {"time"});
      file.put_text("time", "units", "days since 2000-01-01");
      const MeshNames names = define_mesh(file, mesh), other = define_mesh(file, mesh, "lr_");
      EXPECT_EQ(other.y, "lr_" + names.y);
      file.define_variable("f", NC_FLOAT, {"time", names.y, names.x});
      names.describe(file, "f");
      file.end_definitions();
      const double day = 3;
      file.put("time", {0}, {1}, std::span(&day, 1));
      write_mesh(comm, file, mesh);
      write_mesh(comm, file, mesh, "lr_");
      const Share rows = share_of(mesh.ny(), comm.size(), comm.rank());
      std::vector<float> values;
      for (idx_t p = rows.begin * mesh.nx(); p < rows.end * mesh.nx(); ++p)
        values.push_back(static_cast<float>(p));
      const auto n = [](idx_t value) { return static_cast<std::size_t>(value); };
      file.put("f", {0, n(rows.begin), 0}, {1, n(rows.size()), n(mesh.nx())}, std::span<const float>(values));
      file.commit();
    }
    const NetcdfFile file = NetcdfFile::open(comm, path);
    for (const char* prefix : {"", "lr_"}) {
      const Mesh read = read_mesh(file, prefix);
      EXPECT_EQ(mesh_difference(read, mesh).value_or(""), "") << name;
      EXPECT_EQ(read.checksum(), mesh.checksum()) << name;
      EXPECT_EQ(read.kind(), mesh.kind());
      EXPECT_EQ(read.separable(), mesh.separable());
      EXPECT_EQ(read.period(), mesh.period());
      EXPECT_EQ(read.fold().present, mesh.fold().present);
      EXPECT_EQ(read.fold().columns, mesh.fold().columns);
      EXPECT_EQ(read.latitudes(), mesh.latitudes());
      EXPECT_EQ(read.unit().metres, mesh.unit().metres);
      EXPECT_EQ(read.mapping().name, mesh.mapping().name);
      EXPECT_EQ(read.mapping().attributes.size(), mesh.mapping().attributes.size());
      if (mesh.separable()) {
        EXPECT_EQ(read.x().bounds, mesh.x().bounds);
        EXPECT_EQ(read.y().centres, mesh.y().centres);
      }
      for (idx_t p = 0; p < mesh.points(); ++p) {
        EXPECT_EQ(read.owner(p), mesh.owner(p)) << p;
        EXPECT_NEAR(read.area_weight(p / mesh.nx(), p % mesh.nx()),
                    mesh.area_weight(p / mesh.nx(), p % mesh.nx()), 1e-12);
      }
    }
    if (!cf) return;
    CfSpec spec;
    spec.files = {path};
    spec.variable = "f";
    const CfSource source = CfSource::open(comm, spec);
    EXPECT_EQ(mesh_difference(source.mesh(), mesh).value_or(""), "") << name;
    EXPECT_EQ(source.mesh().mapping().attributes.size(), mesh.mapping().attributes.size());
    float last = 0;
    source.read({mesh.ny() - 1, 1, mesh.nx() - 1, 1}, std::vector<long>{0}, std::span(&last, 1));
    EXPECT_EQ(last, static_cast<float>(mesh.points() - 1));
  }
  bool holds(const std::string& name, const std::string& variable) {
    return NetcdfFile::open(comm, scratch / (name + ".nc")).has_variable(variable);
  }
};

const GridMapping kPole{"rotated_pole",
                        {{"grid_mapping_name", "rotated_latitude_longitude", {}},
                         {"grid_north_pole_latitude", "", {40}},
                         {"grid_north_pole_longitude", "", {-170}}}};

TEST_F(MeshFile, Rectilinear) {
  check(Mesh::rectilinear(regular_axis(-40, 1, 6), regular_axis(100, 2, 9)), "region");
  check(Mesh::rectilinear(regular_axis(-87.5, 5, 36), regular_axis(-180, 10, 36)), "globe");
  check(Mesh::rectilinear({0, 1, 3}, {5, 6, 8}, {-0.5, 0.4, 2, 4}, {4, 5.7, 7, 9}), "uneven");
  EXPECT_TRUE(holds("region", "lat_bnds"));
  EXPECT_TRUE(holds("region", "lr_lon"));
}

TEST_F(MeshFile, Curvilinear) {
  const Tripolar tripolar;
  check(tripolar.mesh(), "tripolar");
  check(tripolar.mesh(true), "corners");
  check(tripolar.with_repeats(true), "t_pivot");
  check(tripolar.with_repeats(false), "f_pivot");
  check(tripolar.mesh().coarsened(4), "blocks");
  check(tripolar.with_repeats(true).coarsened(3), "odd_blocks");
  PointTable gaps = tripolar.table(true);
  for (const std::size_t p : {3, 4, 63}) gaps.y[p] = gaps.x[p] = gaps.corner_y[4 * p] = std::nan("");
  check(Mesh::curvilinear(tripolar.ny, tripolar.nx, gaps), "gaps");
}

TEST_F(MeshFile, RotatedPole) {
  const auto frame = [](double j, double i) { return rotated({j - 3, i - 4 + 180}, 40, -170); };
  check(Mesh::curvilinear(6, 9, table_of(6, 9, frame)).with_mapping(kPole), "rotated");
  const NetcdfFile file = NetcdfFile::open(comm, scratch / "rotated.nc");
  const auto rlat = file.get_all("rlat"), rlon = file.get_all("rlon");
  ASSERT_EQ(rlat.size(), 6u);
  for (std::size_t j = 0; j < 6; ++j) EXPECT_NEAR(rlat[j], static_cast<double>(j) - 3, 1e-9);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(rlon[i], static_cast<double>(i) - 4, 1e-9);
  // A mesh that says so without being one has no such axes.
  check(Tripolar{}.mesh().with_mapping(kPole), "false_pole");
  EXPECT_FALSE(holds("false_pole", "rlat"));
}

TEST_F(MeshFile, AMappingThatDoesNotHoldIsCarriedWithoutAxes) {
  PODSCALE_NEED_DATA(path, "awkward/small_rotPole_precipitation.nc");  // off by 24 degrees in latitude
  CfSpec spec;
  spec.files = {path};
  check(CfSource::open(comm, spec).mesh(), "hirham");
  EXPECT_FALSE(holds("hirham", "rlat"));
  EXPECT_TRUE(holds("hirham", "rotated_pole"));
}

TEST_F(MeshFile, PlanesAndImages) {
  const GridMapping mapping{"crs", {{"grid_mapping_name", "polar_stereographic", {}}, {"false_easting", "", {5}}}};
  const Mesh plane = Mesh::plane(regular_axis(-10, 2.5, 5), regular_axis(40, 5, 8), {"km", 1000});
  check(plane, "plane");
  check(plane.with_mapping(mapping), "mapped");
  check(plane.with_geographic(regular_axis(1, 0.1, 40), regular_axis(3, 0.5, 40)).with_mapping(mapping), "geographic");
  check(plane.with_geographic(regular_axis(1, 0.1, 40), regular_axis(3, 0.5, 40)).coarsened(2), "blocks");
  const auto skew = [](double j, double i) { return Position{3 * j + 0.1 * i, 2 * i - 0.2 * j}; };
  check(Mesh::plane(5, 8, table_of(5, 8, skew), {"m", 1}), "skew", false);
  check(Mesh::plane(5, 8, table_of(5, 8, skew, true), {"km", 1000}).coarsened(2), "skew_blocks", false);
  check(Mesh::image(6, 5), "image");
  check(Mesh::image(6, 5).coarsened(2), "half", false);
}

TEST_F(MeshFile, AFileWithoutAMesh) {
  write_raw(comm, scratch / "none.nc", RawFile::over_time(1, 2, 3));
  const NetcdfFile file = NetcdfFile::open(comm, scratch / "none.nc");
  expect_error(ExitCode::data, {"none.nc", "'lr_lat'"}, [&] { read_mesh(file, "lr_"); });
}

}  // namespace
}  // namespace podscale
