// A real tripolar grid brought to a regular one, against cdo.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "example_meshes.hpp"
#include "podscale/field/weight_file.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/mesh/remap.hpp"
#include "shared_data.hpp"

namespace podscale {
namespace {

struct Field {
  Mesh mesh;
  std::vector<float> values;
  std::vector<unsigned char> ocean;
};

void mark_ocean(Field& field) {
  for (const float v : field.values) field.ocean.push_back(std::abs(v) < 1e10f);
}

Field read_tripolar(const Communicator& comm, const std::string& path, bool bounds) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  const VariableInfo info = file.variable("tos");
  Field field;
  PointTable table{file.get_all("nav_lat"), file.get_all("nav_lon"), {}, {}};
  if (bounds) table.corner_y = file.get_all("bounds_lat"), table.corner_x = file.get_all("bounds_lon");
  const auto ny = info.shape[1], nx = info.shape[2];
  field.mesh = Mesh::curvilinear(static_cast<idx_t>(ny), static_cast<idx_t>(nx), std::move(table));
  field.values.resize(ny * nx);
  file.get("tos", {0, 0, 0}, {1, ny, nx}, std::span(field.values));
  mark_ocean(field);
  return field;
}

/// A folder of its own, removed in the end.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("podscale_remap_{}", ::getpid());
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

bool cdo(const std::string& arguments) {
  return std::system(("cdo -s " + arguments + " >/dev/null 2>&1").c_str()) == 0;
}

Field read_regular(const Communicator& comm, const std::string& path) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  Field field;
  field.mesh = Mesh::rectilinear(file.get_all("lat"), file.get_all("lon"));
  field.values.resize(field.mesh.points());
  file.get("tos", {0, 0, 0},
           {1, static_cast<std::size_t>(field.mesh.ny()), static_cast<std::size_t>(field.mesh.nx())},
           std::span(field.values));
  mark_ocean(field);
  return field;
}

Window whole(const Mesh& mesh) {
  return {0, mesh.ny(), 0, mesh.nx()};
}

std::vector<float> applied(const Remap& remap, const Field& source) {
  const Window& w = remap.source();
  std::vector<float> in, out(static_cast<std::size_t>(remap.rows()));
  for (idx_t j = 0; j < w.ny; ++j)
    for (idx_t i = 0; i < w.nx; ++i) in.push_back(source.values[point_of(source.mesh, w, j, i)]);
  remap.apply(in, out);
  return out;
}

class Tripolar1Degree : public ::testing::Test {
 protected:
  Communicator comm = Communicator::self();
};

#define NEED_CDO() \
  if (!cdo("--version")) GTEST_SKIP() << "skipped: no cdo"

TEST_F(Tripolar1Degree, SeamFoldAndAreas) {
  PODSCALE_NEED_DATA(path, "nemo_tripolar/nemo_1m_20150101-20150201_grid-T.nc");
  for (const bool bounds : {true, false}) {
    const Mesh mesh = read_tripolar(comm, path, bounds).mesh;
    EXPECT_TRUE(mesh.periodic());
    ASSERT_TRUE(mesh.fold().present);
    EXPECT_FALSE(t_pivot(mesh));
    double area = 0;
    for (idx_t p = 0; p < mesh.points(); ++p) area += mesh.area(p);
    // The sphere but for the cap south of the first row.
    const PointTable& table = mesh.table();
    const double south = bounds ? table.corner_y[0] : 1.5 * table.y[0] - 0.5 * table.y[360];
    const double expected =
        2 * std::numbers::pi * kEarthRadius * kEarthRadius * (1 - std::sin(south * kRadians));
    EXPECT_NEAR(area / expected, 1, 3e-4);
  }
}

/// Bilinear in latitude and longitude as if they were a plane, which is what cdo does: the value
/// at a target from the four points of a row (in the order of their numbers), NaN across the fold.
double in_degrees(const Field& source, std::span<const idx_t> points, const Position& target) {
  std::array<double, 4> y, x, value;
  for (std::size_t k = 0; k < 4; ++k) {
    const Position at = source.mesh.position(points[k]);
    y[k] = at.y - target.y;
    x[k] = std::remainder(at.x - target.x, 360.0);
    value[k] = source.values[points[k]];
  }
  if (points[0] / source.mesh.nx() == points[3] / source.mesh.nx()) return std::nan("");
  double s = 0.5, t = 0.5;
  const auto at = [&](const std::array<double, 4>& v) {
    return (1 - t) * ((1 - s) * v[0] + s * v[1]) + t * ((1 - s) * v[2] + s * v[3]);
  };
  const auto along_s = [&](const std::array<double, 4>& v) {
    return (1 - t) * (v[1] - v[0]) + t * (v[3] - v[2]);
  };
  const auto along_t = [&](const std::array<double, 4>& v) {
    return (1 - s) * (v[2] - v[0]) + s * (v[3] - v[1]);
  };
  for (int i = 0; i < 30; ++i) {
    const double d = along_s(y) * along_t(x) - along_s(x) * along_t(y), fy = at(y), fx = at(x);
    const double ds = (fy * along_t(x) - fx * along_t(y)) / d, dt = (along_s(y) * fx - along_s(x) * fy) / d;
    s -= ds;
    t -= dt;
  }
  return at(value);
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<std::size_t>(share * static_cast<double>(values.size() - 1)));
}

TEST_F(Tripolar1Degree, BilinearIsThatOfCdoAwayFromLand) {
  PODSCALE_NEED_DATA(path, "nemo_tripolar/nemo_1m_20150101-20150201_grid-T.nc");
  NEED_CDO();
  const Folder folder;
  ASSERT_TRUE(cdo("remapbil,r360x180 -selname,tos " + path + " " + (folder / "bilinear.nc")));
  const Field source = read_tripolar(comm, path, false),
              expected = read_regular(comm, folder / "bilinear.nc");
  const Remap remap(source.mesh, source.ocean, expected.mesh, whole(expected.mesh),
                    all_ocean(expected.mesh.points()), Interpolation::bilinear, 0);
  const std::vector<float> found = applied(remap, source);
  std::vector<double> apart, explained;  // from cdo: ours, and the same quadrilaterals in degrees
  idx_t only_cdo = 0;
  for (idx_t p = 0; p < expected.mesh.points(); ++p) {
    const std::size_t at = p;
    only_cdo += expected.ocean[at] && remap.weights(p).empty();
    if (!expected.ocean[at] || remap.weights(p).size() != 4) continue;
    apart.push_back(std::abs(static_cast<double>(found[at]) - static_cast<double>(expected.values[at])));
    std::array<idx_t, 4> points;
    for (std::size_t k = 0; k < 4; ++k) {
      const idx_t c = remap.columns(p)[k], nx = remap.source().nx;
      points[k] = point_of(source.mesh, remap.source(), c / nx, c % nx);
    }
    const double degrees = in_degrees(source, points, expected.mesh.position(p));
    if (!std::isnan(degrees) && std::abs(expected.mesh.position(p).y) < 85)
      explained.push_back(std::abs(degrees - static_cast<double>(expected.values[at])));
  }
  std::printf(
      "[          ] K from cdo at %zu points: median %.2g, 99 %% %.2g, max %.2g; with edges straight in "
      "degrees: 99 %% %.2g, 99.9 %% %.2g, max %.2g\n",
      apart.size(), quantile(apart, 0.5), quantile(apart, 0.99), quantile(apart, 1),
      quantile(explained, 0.99), quantile(explained, 0.999), quantile(explained, 1));
  EXPECT_EQ(only_cdo, 0);
  EXPECT_GT(apart.size(), 41000u);
  EXPECT_LT(quantile(apart, 0.5), 5e-4);
  EXPECT_LT(quantile(apart, 0.99), 4e-3);
  EXPECT_LT(quantile(apart, 1), 0.04);
  // Why: between two points of one latitude a great circle runs poleward of the parallel.
  EXPECT_LT(quantile(explained, 0.999), 2e-5);
}

TEST(RealMeshes, RepeatsOfOceanModelsAreFound) {
  const Communicator comm = Communicator::self();
  struct Case {
    const char *path, *lat, *lon;
    idx_t ny, nx, period;
    bool fold;
  };
  for (const Case& c : {Case{"awkward/ctorca.nc", "nav_lat", "nav_lon", 149, 182, 180, true},
                        Case{"awkward/tos_ocean_bipolar_grid.nc", "lat", "lon", 220, 256, 254, false},
                        Case{"awkward/small_rotPole_precipitation.nc", "lat", "lon", 190, 174, 0, false}}) {
    PODSCALE_NEED_DATA(path, c.path);
    const NetcdfFile file = NetcdfFile::open(comm, path);
    const Mesh mesh = Mesh::curvilinear(c.ny, c.nx, {file.get_all(c.lat), file.get_all(c.lon), {}, {}});
    EXPECT_EQ(mesh.period(), c.period) << c.path;
    EXPECT_EQ(mesh.fold().present, c.fold) << c.path;
    idx_t owners = 0;
    double area = 0;
    for (idx_t p = 0; p < mesh.points(); ++p) {
      owners += mesh.owner(p) == p;
      area += mesh.area(p);
    }
    const double sphere = 4 * std::numbers::pi * kEarthRadius * kEarthRadius;
    if (c.fold) {
      EXPECT_TRUE(t_pivot(mesh));
      EXPECT_EQ(owners, 147 * 180 + 91);  // the row of the fold: pairs and two poles
      // All north of the edge of the first row of Antarctica, and 1.2 % twice: the Mediterranean,
      // the Black and the Red Sea of ORCA2 are set in finer, and the cells of land round them
      // stretch over them.
      const double south = std::sin((1.5 * mesh.position(0).y - 0.5 * mesh.position(182).y) * kRadians);
      EXPECT_NEAR(area / (sphere / 2 * (1 - south)), 1.012, 5e-3);
    } else if (c.period > 0) {
      EXPECT_EQ(owners, c.ny * c.period);
      EXPECT_NEAR(area / sphere, 1, 2e-2);  // its two poles are holes in Greenland and Antarctica
    } else {
      EXPECT_EQ(owners, mesh.points());
    }
  }
}

TEST_F(Tripolar1Degree, WeightsOfCdoGiveItsValues) {
  PODSCALE_NEED_DATA(path, "nemo_tripolar/nemo_1m_20150101-20150201_grid-T.nc");
  NEED_CDO();
  const Folder folder;
  const std::string input = " -selname,tos " + path + " ";
  ASSERT_TRUE(cdo("genbil,r360x180" + input + (folder / "weights.nc")));
  ASSERT_TRUE(cdo("remap,r360x180," + (folder / "weights.nc") + input + (folder / "remapped.nc")));
  const Field source = read_tripolar(comm, path, false),
              expected = read_regular(comm, folder / "remapped.nc");
  const Remap remap = read_weights(comm, folder / "weights.nc", source.mesh, source.ocean, expected.mesh,
                                   whole(expected.mesh), all_ocean(expected.mesh.points()));
  const std::vector<float> found = applied(remap, source);
  idx_t reached = 0;
  for (idx_t p = 0; p < expected.mesh.points(); ++p) {
    const std::size_t at = p;
    ASSERT_EQ(!remap.weights(p).empty(), expected.ocean[at] != 0) << p;
    if (!expected.ocean[at]) continue;
    ++reached;
    ASSERT_FLOAT_EQ(found[at], expected.values[at]) << p;
  }
  EXPECT_GT(reached, 40000);
}

}  // namespace
}  // namespace podscale
