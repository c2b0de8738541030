#include "podscale/verify/scores_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "podscale/field/mesh_file.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/verify/picture.hpp"
#include "scratch.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr long ny = 30, nx = 40, times = 3;

// An eddy field with an island and a coast: what the picture needs to show.
struct Study {
  Mesh mesh;
  std::string units;
  std::vector<unsigned char> ocean;
  std::vector<float> truth, mean, coarse, variance, climatology;
  static Mesh rectilinear() {
    std::vector<double> lat, lon;
    for (long j = 0; j < ny; ++j) lat.push_back(25.125 + 0.25 * static_cast<double>(j));
    for (long i = 0; i < nx; ++i) lon.push_back(-79.875 + 0.25 * static_cast<double>(i));
    return Mesh::rectilinear(lat, lon);
  }
  explicit Study(Mesh of = rectilinear(), const std::string& units = "degC")
      : mesh(std::move(of)), units(units) {
    for (long j = 0; j < ny; ++j)
      for (long i = 0; i < nx; ++i) {
        const double x = 0.31 * static_cast<double>(i), y = 0.37 * static_cast<double>(j);
        const bool land = i < 6 + 2 * std::sin(y) ||
                          std::hypot(static_cast<double>(i - 25), static_cast<double>(j - 20)) < 2.5;
        ocean.push_back(land ? 0 : 1);
        const double large = 24 - 0.25 * static_cast<double>(j),
                     eddies = std::sin(x) * std::cos(y) + 0.4 * std::sin(2.3 * x + y);
        truth.push_back(land ? nan : static_cast<float>(large + eddies));
        mean.push_back(land ? nan : static_cast<float>(large + 0.8 * eddies));
        coarse.push_back(land ? nan : static_cast<float>(24 - 2.0 * static_cast<double>(j / 8)));
        climatology.push_back(land ? nan : static_cast<float>(large));
        variance.push_back(land ? nan : static_cast<float>(0.02 + 0.05 * std::abs(eddies)));
      }
  }
  ScoreAccumulator scores() const {
    ScoreAccumulator result(
        mesh, ocean,
        {{"podscale", "the product", true, false, 8}, {"bicubic_anomaly", "one"}, {"climatology", "two"}},
        times, 12.0, units);
    for (long t = 0; t < times; ++t) {
      const Forecast forecasts[] = {{mean, variance, {}}, {coarse, {}, {}}, {climatology, {}, {}}};
      result.add(t, forecasts, truth, climatology);
    }
    result.reduce(Communicator::self());
    return result;
  }
  std::vector<float> deviation() const {
    std::vector<float> out = variance;
    for (float& value : out) value = std::sqrt(value);
    return out;
  }
};

SampleAxis axis() {
  return decode_times({10, 11, 12}, "days since 2000-01-01 00:00:00", "standard", "test");
}

class ScoresFile : public ::testing::Test {
 protected:
  void write(const ScoreAccumulator& scores) const {
    write_scores(path_, {&scores,
                         axis(),
                         {1, study_.coarse, study_.mean, study_.truth, study_.deviation()},
                         "sea surface temperature",
                         "product.nc",
                         "truth.nc",
                         "&data\n/\n"});
  }
  Study study_;
  test::ScratchFolder folder_{Communicator::self()};
  std::string path_ = folder_ / "scores.nc";
};

TEST_F(ScoresFile, HoldsTotalsSeriesAndMaps) {
  const ScoreAccumulator scores = study_.scores();
  write(scores);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()),
            1);  // no temporary file left
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path_);
  EXPECT_EQ(file.text("system", "flag_meanings"), "podscale bicubic_anomaly climatology");
  EXPECT_EQ(file.text("", "Conventions"), "CF-1.8");
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_DOUBLE_EQ(file.get_all("rmse")[s], scores.total(s).rmse);
    EXPECT_DOUBLE_EQ(file.get_all("ssim")[s], scores.total(s).ssim);
    EXPECT_DOUBLE_EQ(file.get_all("crps_series")[2 * 3 + s], scores.at(2, s).crps);
  }
  EXPECT_DOUBLE_EQ(file.get_all("coverage")[2], scores.total(0).coverage[2]);
  EXPECT_GT(file.get_all("coverage")[4], 1e36);  // undefined: the fill value, never NaN
  EXPECT_GT(file.get_all("anomaly_correlation")[2], 1e36);
  EXPECT_DOUBLE_EQ(file.get_all("picture_time")[0], 11);
  const auto map = file.get_all("rmse_map");
  const long point = 10 * nx + 20;
  EXPECT_NEAR(map[point], std::abs(study_.mean[point] - study_.truth[point]), 1e-6);
  EXPECT_GT(map[0], 1e36);  // land
  EXPECT_EQ(file.get_all("ocean_mask")[0], 0);
  for (const std::string& name : file.variable_names())
    for (const double value : file.get_all(name)) ASSERT_TRUE(std::isfinite(value)) << name;
}

TEST_F(ScoresFile, PictureIsDrawn) {
  if (std::system("/usr/bin/python3 -c 'import matplotlib, netCDF4' 2>/dev/null") != 0)
    GTEST_SKIP() << "skipped: /usr/bin/python3 has no matplotlib or netCDF4";
  unsetenv("PODSCALE_PYTHON");
  write(study_.scores());
  const std::string picture = folder_ / "picture.png";
  ASSERT_FALSE(picture_script().empty());
  EXPECT_TRUE(draw_picture(path_, picture));
  EXPECT_GT(fs::file_size(picture), 50000u);
}

// A rotated mesh across the cut of the longitudes, a plane in kilometres and an image.
TEST_F(ScoresFile, HoldsAndDrawsOtherMeshes) {
  PointTable table;
  std::vector<double> y, x;
  for (long j = 0; j < ny; ++j)
    for (long i = 0; i < nx; ++i) {
      const double v = 0.25 * static_cast<double>(j), u = 0.25 * static_cast<double>(i),
                   lon = 175 + u - 0.4 * v;
      table.y.push_back(25 + v + 0.3 * u);
      table.x.push_back(lon > 180 ? lon - 360 : lon);
    }
  table.y[0] = table.x[0] = std::nan("");  // no position
  for (long j = 0; j < ny; ++j) y.push_back(-2500 + 25.0 * static_cast<double>(j));
  for (long i = 0; i < nx; ++i) x.push_back(1000 + 25.0 * static_cast<double>(i));
  Mesh plane = Mesh::plane(y, x, {"km", 1000});
  plane = plane.with_mapping(
      {"stereographic",
       {{"grid_mapping_name", "polar_stereographic", {}}, {"latitude_of_projection_origin", "", {90}}}});
  struct Expected {
    Mesh mesh;
    std::string units, coordinates, picture_coordinates;
  };
  for (const Expected& expected :
       {Expected{Mesh::curvilinear(ny, nx, table), "K", "lat lon", "picture_time lat lon"},
        Expected{plane, "1e-3", "", "picture_time"},
        Expected{Mesh::image(ny, nx), "1", "", "picture_time"}}) {
    study_ = Study(expected.mesh, expected.units);
    write(study_.scores());
    const Communicator self = Communicator::self();
    const NetcdfFile file = NetcdfFile::open(self, path_);
    EXPECT_EQ(file.variable("rmse_map").dims, (std::vector<std::string>{"system", "y", "x"}));
    for (const char* name : {"rmse_map", "bias", "picture_truth", "picture_deviation"})
      EXPECT_EQ(file.text(name, "units"), expected.units) << name;
    EXPECT_EQ(mesh_difference(read_mesh(file), expected.mesh), std::nullopt);
    EXPECT_EQ(file.text("rmse_map", "coordinates").value_or(""), expected.coordinates);
    EXPECT_EQ(file.text("picture_mean", "coordinates"), expected.picture_coordinates);
    EXPECT_EQ(file.text("picture_mean", "grid_mapping").has_value(), expected.units == "1e-3");
    if (expected.units == "1e-3") {
      EXPECT_EQ(file.text("stereographic", "grid_mapping_name"), "polar_stereographic");
      EXPECT_EQ(file.numbers("stereographic", "latitude_of_projection_origin"), std::vector<double>{90});
    }
    if (std::system("/usr/bin/python3 -c 'import matplotlib, netCDF4' 2>/dev/null") != 0) continue;
    const std::string picture = folder_ / (expected.units + ".png");
    EXPECT_TRUE(draw_picture(path_, picture));
    EXPECT_GT(fs::file_size(picture), 50000u);
  }
}

TEST_F(ScoresFile, NoPythonIsAWarning) {
  setenv("PODSCALE_PYTHON", "/nonexistent/python3", 1);
  EXPECT_FALSE(draw_picture(path_, folder_ / "picture.png"));
  setenv("PODSCALE_PYTHON", "/bin/false", 1);
  EXPECT_FALSE(draw_picture(path_, folder_ / "picture.png"));
  unsetenv("PODSCALE_PYTHON");
}

}  // namespace
}  // namespace podscale
