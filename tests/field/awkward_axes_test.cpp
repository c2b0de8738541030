// Coordinates as files of others have them: read right, or refused by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "../mesh/example_meshes.hpp"
#include "raw_source.hpp"

namespace podscale {
namespace {

constexpr std::size_t kNy = 4, kNx = 6, kTimes = 2;
const std::vector<double> kLat = ramp(-36, 2, 4), kLon = ramp(150, 2, 6);

double value(idx_t t, idx_t j, idx_t i) {
  return static_cast<double>(100 * t + 10 * j + i);
}

class AwkwardAxes : public test::RawSource {
 protected:
  /// Latitudes and longitudes of one dimension, and a field.
  RawFile axes(std::vector<double> lat = kLat, std::vector<double> lon = kLon, const std::string& y = "lat",
               const std::string& x = "lon") {
    RawFile file = RawFile::over_time(kTimes, lat.size(), lon.size(), y, x);
    file.add(field({"time", y, x}, lat.size(), lon.size()));
    file.add({y, {y}, std::move(lat), {{"units", "degrees_north"}}});
    file.add({x, {x}, std::move(lon), {{"units", "degrees_east"}}});
    return file;
  }
  RawVariable field(const std::vector<std::string>& dims, std::size_t ny = kNy, std::size_t nx = kNx) {
    std::vector<double> values;
    for (std::size_t t = 0; t < kTimes; ++t)
      for (std::size_t j = 0; j < ny; ++j)
        for (std::size_t i = 0; i < nx; ++i)
          values.push_back(value(static_cast<idx_t>(t), static_cast<idx_t>(j), static_cast<idx_t>(i)));
    return {"f", dims, values, {{"units", "degC"}}, {}, NC_FLOAT};
  }
  /// Each rank reads some columns of all rows; column i of the mesh is column `columns[i]` of the
  /// file.
  void expect_columns(const CfSource& source, const std::vector<idx_t>& columns, bool flip_y = false) {
    const Mesh& mesh = source.mesh();
    ASSERT_EQ(mesh.nx(), std::ssize(columns));
    const Share mine = share_of(mesh.nx(), comm.size(), comm.rank());
    for (const Window& window : {Window{0, mesh.ny(), 0, mesh.nx()},
                                 Window{0, mine.size() > 0 ? mesh.ny() : 0, mine.begin, mine.size()}}) {
      std::vector<float> read(2 * window.points());
      source.read(window, std::vector<long>{1, 0}, read);
      std::size_t at = 0;
      for (const idx_t t : {1, 0})
        for (idx_t j = 0; j < window.ny; ++j)
          for (idx_t i = 0; i < window.nx; ++i, ++at)
            EXPECT_EQ(read[at],
                      static_cast<float>(value(t, flip_y ? mesh.ny() - 1 - j : j, columns[window.x0 + i])));
    }
  }
};

TEST_F(AwkwardAxes, NumbersOfRowsAreNoDegrees) {
  for (const double first : {0.0, 1.0}) {
    RawFile file = axes(ramp(first, 1, 4), ramp(first, 1, 6));
    for (const char* name : {"lat", "lon"}) file[name].texts.clear();
    refuse(file, {"'f'", "'lat'", "counts 0, 1, 2", "units"});
    file["lat"].texts["axis"] = "Y";
    refuse(file, {"'lat'", "counts"});
    for (const char* name : {"lat", "lon"}) file[name].texts = {{"units", "degrees"}};  // they say so
    EXPECT_EQ(open(file).mesh().y().centres, ramp(first, 1, 4));
  }
  // The real ones along the same dimensions.
  RawFile file = axes(ramp(0, 1, 4), ramp(5, -1, 6));
  for (const char* name : {"lat", "lon"}) file[name].texts.clear();
  file.add({"rows", {"lat"}, kLat, {{"standard_name", "latitude"}}});
  file.add({"columns", {"lon"}, kLon, {{"units", "degreeE"}}});
  const CfSource source = open(file);
  EXPECT_EQ(source.mesh().y().centres, kLat);
  EXPECT_EQ(source.mesh().x().centres, kLon);
  // Or of two dimensions.
  file.variables.resize(file.variables.size() - 2);
  const PointTable table = table_of(4, 6, [](double j, double i) {
    return rotated({2 * j, 2 * i}, 40, -170);
  });
  file.add({"rows", {"lat", "lon"}, table.y, {{"units", "degrees_north"}}});
  file.add({"columns", {"lat", "lon"}, table.x, {{"units", "degrees_east"}}});
  EXPECT_EQ(open(file).mesh().table().y, table.y);
}

TEST_F(AwkwardAxes, DegreesRoundTheEarthMayCount) {
  RawFile file = axes(ramp(-1.5, 1, 4), ramp(0, 1, 360));
  for (const char* name : {"lat", "lon"}) file[name].texts.clear();
  EXPECT_TRUE(open(file).mesh().periodic());
}

TEST_F(AwkwardAxes, UnitsOfAngles) {
  RawFile west = axes(kLat, ramp(210, -2, 6));
  west["lon"].texts["units"] = "degrees_west";
  const CfSource source = open(west, "west.nc");
  EXPECT_EQ(mesh_difference(source.mesh(), Mesh::rectilinear(kLat, kLon)).value_or(""), "");
  expect_columns(source, {0, 1, 2, 3, 4, 5});
  RawFile south = axes({36, 34, 32, 30}, kLon);
  south["lat"].texts["units"] = "degree_S";
  EXPECT_EQ(open(south).mesh().y().centres, kLat);
  for (const char* units : {"degrees", "Degrees North", "\u00b0N", "deg_N", "decimal_degrees"}) {
    RawFile file = axes();
    file["lat"].texts["units"] = units;
    EXPECT_EQ(open(file).mesh().y().centres, kLat) << units;
  }
  RawFile file = axes();
  file["lat"].texts = {{"standard_name", "latitude"}, {"units", "degC"}};
  refuse(file, {"'lat'", "'degC'", "degrees or radians"});
}

TEST_F(AwkwardAxes, MissingPositionsAreRefused) {
  RawFile packed = axes({-32767, -10922, 10922, 32767});
  packed["lat"].type = NC_SHORT;
  packed["lat"].numbers = {{"scale_factor", 3.0 / 32767}, {"add_offset", -33}};
  refuse(packed, {"'lat'", "position 1 of 4", "-32767", "missing or fill"});
  packed["lat"].values[0] = -32766;
  EXPECT_NEAR(open(packed).mesh().y().centres[0], -36, 1e-3);
  RawFile hole = axes();
  hole["lon"].values[4] = 1e20;
  hole["lon"].numbers["_FillValue"] = 1e20;
  refuse(hole, {"'lon'", "position 5 of 6", "1e+20"});
  RawFile none = axes();
  none.variables.resize(2);  // without lat and lon
  refuse(none, {"'f'", "'lat'", "'lon'", "no coordinates", "ncks -A"});
}

TEST_F(AwkwardAxes, ARegionCutAtTheEndsOfTheLongitudes) {
  const std::vector<double> whole{-3, -1, 1, 3, 5, 7};
  const auto check = [&](const std::vector<double>& lon, const std::vector<idx_t>& columns,
                         double first = -3) {
    const CfSource source = open(axes({-30, -32, -34, -36}, lon));
    const Mesh& mesh = source.mesh();
    EXPECT_FALSE(mesh.periodic());
    EXPECT_EQ(mesh_difference(mesh, Mesh::rectilinear(kLat, ramp(first, 2, static_cast<int>(columns.size()))))
                  .value_or(""),
              "");
    EXPECT_EQ(mesh.x().centres[0], first);
    expect_columns(source, columns, true);
  };
  check({1, 3, 5, 7, 357, 359}, {4, 5, 0, 1, 2, 3});
  check({359, 357, 7, 5, 3, 1}, {1, 0, 5, 4, 3, 2});
  check({357, 359, 1, 3, 5, 7}, {0, 1, 2, 3, 4, 5}, 357);
  check({-179, -177, -175, -173, 177, 179}, {4, 5, 0, 1, 2, 3}, 177);
  check({179, 177, -173, -175, -177, -179}, {1, 0, 5, 4, 3, 2}, 177);
  check({1, 3, 357, 359}, {2, 3, 0, 1});
  check({1, 359}, {1, 0}, -1);
  // Both 0 and 360: one of them is dropped.
  check({0, 2, 4, 356, 358, 360}, {3, 4, 0, 1, 2}, -4);
}

TEST_F(AwkwardAxes, ACutRegionWithBounds) {
  RawFile file = axes(kLat, {1, 3, 5, 7, 357, 359});
  file["lon"].texts["bounds"] = "edges";
  file.add({"edges", {"lon", "two"}, {0, 2, 2, 4, 4, 6, 6, 8, -4, -2, 358, 360}});
  EXPECT_EQ(open(file).mesh().x().bounds, ramp(-4, 2, 7));
}

TEST_F(AwkwardAxes, ATableCutAtTheEndsOfTheLongitudes) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add(field({"time", "y", "x"}));
  PointTable table = table_of(
      4, 6,
      [](double j, double i) {
        return Position{2 * j + 0.1 * i, std::fmod(2 * i - 3 - 0.1 * j + 360, 360)};
      },
      true);
  PointTable cut = table;
  for (std::size_t row = 0; row < 4; ++row)  // the file begins with column 2
    for (std::size_t i = 0; i < 6; ++i) {
      const std::size_t from = row * 6 + (i + 2) % 6, to = row * 6 + i;
      cut.y[to] = table.y[from], cut.x[to] = table.x[from];
      for (std::size_t k = 0; k < 4; ++k)
        cut.corner_y[4 * to + k] = table.corner_y[4 * from + k],
                              cut.corner_x[4 * to + k] = table.corner_x[4 * from + k];
    }
  file.add({"lat", {"y", "x"}, cut.y, {{"units", "degrees_north"}, {"bounds", "lat_v"}}});
  file.add({"lon", {"y", "x"}, cut.x, {{"units", "degrees_east"}, {"bounds", "lon_v"}}});
  file.add({"lat_v", {"y", "x", "four"}, cut.corner_y});
  file.add({"lon_v", {"y", "x", "four"}, cut.corner_x});
  const CfSource source = open(file);
  EXPECT_EQ(source.mesh().table().y, table.y);
  EXPECT_EQ(source.mesh().table().corner_x, table.corner_x);
  expect_columns(source, {4, 5, 0, 1, 2, 3});
}

TEST_F(AwkwardAxes, WhatIsExchangedIsNamed) {
  RawFile units = axes();
  units["lat"].texts["units"] = "degrees_east", units["lon"].texts["units"] = "degrees_north";
  refuse(units, {"'lat' of 'degrees_east'", "exchanged", "units,lat,o,c,degrees_north"});
  std::vector<double> lon = kLon;
  std::swap(lon[2], lon[3]);
  refuse(axes(kLat, lon), {"'lon' is not monotonic (156 beside 154)", "columns exchanged"});
  std::reverse(lon.begin(), lon.end());
  refuse(axes(kLat, lon), {"'lon' is not monotonic (156 beside 154)"});
  std::vector<double> round = ramp(0, 60, 8);
  refuse(axes(kLat, round), {"'lon' goes round the earth more than once"});
}

TEST_F(AwkwardAxes, ARotatedPoleWithoutPositions) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx, "rlat", "rlon");
  file.add(field({"time", "rlat", "rlon"}));
  file["f"].texts["grid_mapping"] = "rotated_pole";
  file.add({"rlat", {"rlat"}, kLat, {{"units", "degrees"}, {"standard_name", "grid_latitude"}}});
  file.add({"rlon", {"rlon"}, kLon, {{"units", "degrees"}, {"standard_name", "grid_longitude"}}});
  file.add({"rotated_pole", {}, {0}, {{"grid_mapping_name", "rotated_latitude_longitude"}}});
  refuse(file, {"'rlat'", "grid mapping 'rotated_pole'", "cdo setgridtype,curvilinear"});
}

TEST_F(AwkwardAxes, TimesBeyondInt32AreNamed) {
  RawFile file = axes();
  file["time"].type = NC_INT;
  file["time"].texts["units"] = "seconds since 1900-01-01";
  file["time"].values = {2147400000, -2147480896};  // a day later
  refuse(file, {"'time'", "-2147480896 at step 2 follows 2147400000", "int32 overflowed"});
  file["time"].values = {-1454850000, -1454763600};  // with a warning: they may be true
  EXPECT_EQ(date_text(open(file).times()[0].date).substr(0, 4), "1853");
}

TEST_F(AwkwardAxes, PositionsAtEachTimeAsOfWrf) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx, "south_north", "west_east");
  const std::vector<std::string> dims{"time", "south_north", "west_east"};
  file.add(field(dims));
  file["f"].texts["coordinates"] = "XLONG XLAT XTIME";
  std::vector<double> lat, lon;
  for (std::size_t t = 0; t < kTimes; ++t)
    for (std::size_t j = 0; j < kNy; ++j)
      for (std::size_t i = 0; i < kNx; ++i)
        lat.push_back(kLat[j] + 0.1 * static_cast<double>(i)),
            lon.push_back(kLon[i] + 0.1 * static_cast<double>(j));
  file.add({"XLAT", dims, lat, {{"units", "degree_north"}}});
  file.add({"XLONG", dims, lon, {{"units", "degree_east"}}});
  const CfSource source = open(file);
  EXPECT_EQ(source.mesh().kind(), MeshKind::curvilinear);
  EXPECT_EQ(source.mesh().table().y, std::vector<double>(lat.begin(), lat.begin() + kNy * kNx));
  EXPECT_EQ(source.mesh().table().x, std::vector<double>(lon.begin(), lon.begin() + kNy * kNx));
  expect_columns(source, {0, 1, 2, 3, 4, 5});
  file["XLONG"].values.back() += 0.5;
  refuse(file, {"'XLONG' moves", "step 2 of 'time'", "a moving nest"});
}

TEST_F(AwkwardAxes, GapsInsideAnAxisAreRefused) {
  refuse(axes({-36, -34, -32, 10}), {"'lat'", "gap between -32 and 10", "one region"});
  refuse(axes({-36, -34, -2, 0}), {"'lat'", "gap between -34 and -2", "16 times"});
  refuse(axes(kLat, {100, 102, 104, 250, 252, 254}), {"'lon'", "gap between 104 and 250"});
  EXPECT_EQ(open(axes({-36, -34, -30, -28})).mesh().ny(), 4);  // a row is missing: a warning
  EXPECT_EQ(open(axes({-36, -35, -33, -29})).mesh().ny(), 4);  // stretched
}

TEST_F(AwkwardAxes, CornersBesideBoundsBecomeCentres) {
  RawFile file = axes(kLat, {148, 150, 152, 154, 156, 158});
  file["lat"].texts["bounds"] = "lat_b", file["lon"].texts["bounds"] = "lon_b";
  std::vector<double> lat, lon;
  for (const double v : kLat) lat.insert(lat.end(), {v - 2, v});
  for (int i = 0; i < 6; ++i) lon.insert(lon.end(), {148.0 + 2 * i, 150.0 + 2 * i});
  file.add({"lat_b", {"lat", "two"}, lat}).add({"lon_b", {"lon", "two"}, lon});
  const Mesh mesh = open(file).mesh();
  EXPECT_EQ(mesh.y().centres, ramp(-37, 2, 4));
  EXPECT_EQ(mesh.x().centres, ramp(149, 2, 6));
  EXPECT_EQ(mesh.x().bounds, ramp(148, 2, 7));

  RawFile tables = RawFile::over_time(kTimes, kNy, kNx);
  tables.add(field({"time", "y", "x"}));
  const auto tilted = [](double j, double i) { return rotated({2 * j, 2 * i}, 40, -170); };
  const PointTable table = table_of(4, 6, tilted, true);
  PointTable corners = table;
  for (std::size_t p = 0; p < 24; ++p)
    corners.y[p] = table.corner_y[4 * p], corners.x[p] = table.corner_x[4 * p];
  tables.add({"lat", {"y", "x"}, corners.y, {{"units", "degrees_north"}, {"bounds", "lat_v"}}});
  tables.add({"lon", {"y", "x"}, corners.x, {{"units", "degrees_east"}, {"bounds", "lon_v"}}});
  tables.add({"lat_v", {"y", "x", "four"}, table.corner_y});
  tables.add({"lon_v", {"y", "x", "four"}, table.corner_x});
  EXPECT_EQ(mesh_difference(open(tables).mesh(), Mesh::curvilinear(4, 6, table)).value_or(""), "");
}

TEST_F(AwkwardAxes, SeveralLatitudesAlongOneDimension) {
  RawFile file = axes(ramp(-37, 2, 4), kLon, "y", "x");
  file["y"].name = "lat_south";
  file.add({"lat_mid", {"y"}, kLat, {{"units", "degrees_north"}}});
  refuse(file, {"'f'", "'lat_south'", "'lat_mid'", "coordinates"});
  file["f"].texts["coordinates"] = "lat_mid x";
  EXPECT_EQ(open(file).mesh().y().centres, kLat);
  file["f"].texts.erase("coordinates");
  file["lat_mid"].name = "y";  // the coordinate variable of the dimension
  EXPECT_EQ(open(file).mesh().y().centres, kLat);
}

TEST_F(AwkwardAxes, ASeriesInTwoConventions) {
  const std::vector<double> lat = ramp(-3, 2, 4);
  RawFile file = axes(lat, ramp(15, 30, 12));
  write_raw(comm, scratch / "first.nc", file);
  file = axes(lat, ramp(-165, 30, 12));
  file["time"].values = {5, 6};
  write_raw(comm, scratch / "second.nc", file);
  spec.files = {scratch / "first.nc", scratch / "second.nc"};
  const auto read = [&](long step, const Window& window) {
    std::vector<float> out(window.points());
    CfSource::open(comm, spec).read(window, std::vector<long>{step}, out);
    return out;
  };
  EXPECT_EQ(read(0, {1, 1, 0, 2}), (std::vector<float>{10, 11}));
  EXPECT_EQ(read(2, {1, 1, 0, 2}), (std::vector<float>{16, 17}));
  EXPECT_EQ(read(2, {1, 1, 5, 2}), (std::vector<float>{21, 10}));
  // Turned to the mesh that is expected.
  spec.files = {scratch / "first.nc"};
  spec.mesh = Mesh::rectilinear(lat, ramp(-165, 30, 12));
  EXPECT_EQ(mesh_difference(CfSource::open(comm, spec).mesh(), spec.mesh), std::nullopt);
  EXPECT_EQ(read(0, {1, 1, 5, 2}), (std::vector<float>{21, 10}));
}

TEST_F(AwkwardAxes, TimesThatAreText) {
  RawFile file = axes();
  file.dims.emplace_back("twenty", 20);
  file["time"] = {"time", {"time", "twenty"}, {}, {}, {}, NC_CHAR};
  refuse(file, {"'f'", "'time'", "text", "cdo settaxis"});
  file["time"] = {"Times", {"time", "twenty"}, {}, {}, {}, NC_CHAR};
  refuse(file, {"'Times'", "text"});
}

}  // namespace
}  // namespace podscale
