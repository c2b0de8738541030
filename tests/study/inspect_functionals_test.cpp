// What podscale-inspect says of a small product that goes round the earth: gradients across the
// cut, and masks that hold the grid another way round.
#include "podscale/study/inspect_functionals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <sstream>

#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/factor_file.hpp"
#include "scratch.hpp"

namespace podscale {
namespace {

constexpr std::size_t ny = 4, nx = 8, n = ny * nx;
constexpr float fill = -99;

/// A field whose every point is told apart.
double field_at(std::size_t j, std::size_t i) {
  return 10 + 0.5 * static_cast<double>(j * j) + 0.01 * static_cast<double>(i * i * i);
}

class Inspect : public ::testing::Test {
 protected:
  Inspect() {
    for (std::size_t j = 0; j < ny; ++j) lat_.push_back(-15 + 10 * static_cast<double>(j));
    for (std::size_t i = 0; i < nx; ++i) lon_.push_back(45 * static_cast<double>(i));
    write_product();
  }
  std::string path(const std::string& name) const { return folder_ / name; }

  static void put_axes(NetcdfFile& file, const std::vector<double>& lat, const std::vector<double>& lon) {
    file.put("lat", {0}, {lat.size()}, std::span<const double>(lat));
    file.put("lon", {0}, {lon.size()}, std::span<const double>(lon));
  }
  static void define_axes(NetcdfFile& file, std::size_t rows, std::size_t columns) {
    file.define_dimension("lat", rows);
    file.define_dimension("lon", columns);
    file.define_variable("lat", NC_DOUBLE, {"lat"});
    file.define_variable("lon", NC_DOUBLE, {"lon"});
    file.put_text("lat", "units", "degrees_north");
    file.put_text("lon", "units", "degrees_east");
  }

  /// Two patches, one mode, two members; the last point is land.
  void write_product() const {
    const Communicator self = Communicator::self();
    std::vector<double> tos(n), variance(n, 0.25 * 0.25 * (0.4 * 0.4 + 0.3 * 0.3) + 0.01), phi(n, 0.25),
        tau(n, 0.01), zero(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) tos[i] = field_at(i / nx, i % nx);
    tos[n - 1] = variance[n - 1] = phi[n - 1] = tau[n - 1] = NC_FILL_DOUBLE;
    const double day[] = {0}, factor[] = {0.4, 0.3, 0.4, 0.3};
    const auto tie = factor_tie(path("product.nc"), "this run");
    const auto begin = [&](const std::string& name) {
      NetcdfFile file = NetcdfFile::create(self, path(name));
      define_axes(file, ny, nx);
      file.define_dimension("time", 1);
      file.define_variable("time", NC_DOUBLE, {"time"});
      file.put_text("time", "units", "days since 2000-01-01");
      put_attributes(file, tie);
      return file;
    };
    NetcdfFile file = begin("product.nc");
    for (const auto& [name, units] : {std::pair{"tos", "degC"}, {"tos_variance", "K2"}}) {
      file.define_variable(name, NC_DOUBLE, {"time", "lat", "lon"}, {{}, 0, NC_FILL_DOUBLE});
      file.put_text(name, "units", units);
    }
    file.end_definitions();
    put_axes(file, lat_, lon_);
    file.put("time", {0}, {1}, std::span<const double>(day));
    file.put("tos", {0, 0, 0}, {1, ny, nx}, std::span<const double>(tos));
    file.put("tos_variance", {0, 0, 0}, {1, ny, nx}, std::span<const double>(variance));
    file.commit();

    NetcdfFile beside = begin("product.factors.nc");
    for (const auto& [name, size] : {std::pair{"mode", 1},
                                     {"patch_y", 1},
                                     {"patch_x", 2},
                                     {"predictor", 1},
                                     {"factor_element", 2}})
      beside.define_dimension(name, static_cast<std::size_t>(size));
    beside.define_variable("phi", NC_DOUBLE, {"mode", "lat", "lon"});
    beside.define_variable("tau", NC_DOUBLE, {"lat", "lon"});
    beside.define_variable("condition", NC_FLOAT, {"time", "patch_y", "patch_x", "predictor"});
    beside.define_variable("member_factor", NC_FLOAT, {"time", "patch_y", "patch_x", "factor_element"});
    beside.put_numbers("", "podscale_patch_size", {4, 4}, NC_INT);
    beside.put_text("", "podscale_variables", "tos");
    beside.end_definitions();
    put_axes(beside, lat_, lon_);
    beside.put("time", {0}, {1}, std::span<const double>(day));
    beside.put("phi", {0, 0, 0}, {1, ny, nx}, std::span<const double>(phi));
    beside.put("tau", {0, 0}, {ny, nx}, std::span<const double>(tau));
    beside.put("condition", {0, 0, 0, 0}, {1, 1, 2, 1}, std::span<const double>(zero).first(2));
    beside.put("member_factor", {0, 0, 0, 0}, {1, 1, 2, 2}, std::span<const double>(factor));
    beside.commit();
  }

  /// values: as the file holds them.
  void write_mask(const std::vector<double>& lat, const std::vector<double>& lon,
                  const std::vector<float>& values, const std::string& second = "") const {
    const Communicator self = Communicator::self();
    NetcdfFile file = NetcdfFile::create(self, path("mask.nc"));
    define_axes(file, lat.size(), lon.size());
    file.define_variable("mask", NC_FLOAT, {"lat", "lon"}, {{}, 0, static_cast<double>(fill)});
    if (!second.empty()) file.define_variable(second, NC_FLOAT, {"lat", "lon"});
    file.end_definitions();
    put_axes(file, lat, lon);
    file.put("mask", {0, 0}, {lat.size(), lon.size()}, std::span<const float>(values));
    if (!second.empty()) file.put(second, {0, 0}, {lat.size(), lon.size()}, std::span<const float>(values));
    file.commit();
  }

  /// Numbers of the only row: mean, std, mean, std, ...
  std::vector<double> row(const FunctionalRequest& request) const {
    std::istringstream table(functional_table(path("product.nc"), request));
    std::string line, date;
    while (std::getline(table, line)) date = line;
    std::istringstream cells(date);
    cells >> date;
    return {std::istream_iterator<double>(cells), {}};
  }
  std::string error_of(const std::string& region) const {
    try {
      functional_table(path("product.nc"), {{}, {}, {}, region});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      return error.what();
    }
    return "";
  }

  test::ScratchFolder folder_{Communicator::self()};
  std::vector<double> lat_, lon_;
};

double km(double degrees) {
  return degrees * std::numbers::pi / 180 * 6371;
}

TEST_F(Inspect, GradientsGoRoundTheEarth) {
  const double east = km(90) * std::cos(-5 * std::numbers::pi / 180);
  for (const auto& [lon, from, to] : {std::tuple{0.0, 7u, 1u}, {315.0, 6u, 0u}, {-45.0, 6u, 0u}}) {
    const auto values = row({{}, {}, {-5, lon}, ""});
    ASSERT_EQ(values.size(), 4u);
    const std::size_t at = (from + 1) % nx;
    EXPECT_NEAR(values[0], (field_at(1, to) - field_at(1, from)) / east, 1e-9);
    EXPECT_NEAR(values[2], (field_at(2, at) - field_at(0, at)) / km(20), 1e-9);
    // One mode a patch, the same members in both: their difference cancels but for the truncation.
    EXPECT_NEAR(values[1], std::sqrt(2 * 0.01) / east, 1e-4 * values[1]);
    EXPECT_NEAR(values[3], std::sqrt(2 * 0.01) / km(20), 1e-4 * values[3]);
  }
}

TEST_F(Inspect, GradientIsOneSidedBesideLand) {
  const auto values = row({{}, {}, {15, 270}, ""});
  EXPECT_NEAR(values[0], (field_at(3, 6) - field_at(3, 5)) / km(45) / std::cos(15 * std::numbers::pi / 180),
              1e-9);
}

TEST_F(Inspect, RegionIsThatOfTheCoordinates) {
  // The region: two rows in the south of three columns across the cut, without one point.
  const auto inside = [](std::size_t j, std::size_t i) {
    return j < 2 && (i == 7 || i < 2) && !(j == 1 && i == 0);
  };
  double sum = 0, weight = 0;
  for (std::size_t j = 0; j < ny; ++j)
    for (std::size_t i = 0; i < nx; ++i) {
      if (!inside(j, i)) continue;
      const double south = -20 + 10 * static_cast<double>(j), radian = std::numbers::pi / 180;
      const double area = std::sin((south + 10) * radian) - std::sin(south * radian);
      sum += area * field_at(j, i);
      weight += area;
    }
  for (const bool flip_y : {false, true})
    for (const bool flip_x : {false, true})
      for (const std::size_t first : {0u, 4u})  // 0..360 and -180..180
        for (const float outside : {0.0f, fill}) {
          std::vector<double> lat = lat_, lon;
          for (std::size_t i = 0; i < nx; ++i) lon.push_back(lon_[(i + first) % nx]);
          if (first > 0)
            for (double& x : lon) x -= x >= 180 ? 360 : 0;
          if (flip_y) std::reverse(lat.begin(), lat.end());
          if (flip_x) std::reverse(lon.begin(), lon.end());
          std::vector<float> values;
          for (const double y : lat)
            for (const double x : lon) {
              const std::size_t j = std::lround((y + 15) / 10),
                                i = static_cast<std::size_t>(std::lround((x + 360) / 45)) % nx;
              values.push_back(inside(j, i) ? 1 : outside);
            }
          write_mask(lat, lon, values);
          EXPECT_NEAR(row({{}, {}, {}, path("mask.nc")})[0], sum / weight, 1e-5)
              << flip_y << flip_x << first << outside;
        }
}

TEST_F(Inspect, OtherGridsAndEmptyMasksAreRefused) {
  const std::vector<float> ones(n, 1);
  auto moved = lat_;
  for (double& y : moved) y += 2;
  write_mask(moved, lon_, ones);
  EXPECT_NE(error_of(path("mask.nc")).find("mesh of the product"), std::string::npos);
  moved = lon_;
  for (double& x : moved) x += 20;
  write_mask(lat_, moved, ones);
  EXPECT_NE(error_of(path("mask.nc")).find("mesh of the product"), std::string::npos);
  write_mask({-15, -5, 5}, lon_, std::vector<float>(3 * nx, 1));
  EXPECT_NE(error_of(path("mask.nc")).find("3 x 8"), std::string::npos);
  write_mask(lat_, lon_, std::vector<float>(n, fill));
  EXPECT_NE(error_of(path("mask.nc")).find("no ocean point"), std::string::npos);
  write_mask(lat_, lon_, ones, "other");
  EXPECT_NE(error_of(path("mask.nc")).find("name the one"), std::string::npos);
  EXPECT_EQ(error_of(path("mask.nc") + ":other"), "");
  EXPECT_NE(error_of(path("mask.nc") + ":absent").find("absent"), std::string::npos);
}

}  // namespace
}  // namespace podscale
