// Sources on every kind of mesh, in any unit: what each rank reads is what the file holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "../mesh/example_meshes.hpp"
#include "podscale/field/mesh_file.hpp"
#include "raw_source.hpp"

namespace podscale {
namespace {

constexpr std::size_t kNy = 5, kNx = 7, kTimes = 2;

double value(idx_t t, idx_t j, idx_t i) {
  return static_cast<double>(100 * t + 10 * j + i);
}

RawVariable field(const std::vector<std::string>& dims, std::map<std::string, std::string> texts = {},
                  std::size_t ny = kNy, std::size_t nx = kNx) {
  std::vector<double> values;
  for (std::size_t t = 0; t < kTimes; ++t)
    for (std::size_t j = 0; j < ny; ++j)
      for (std::size_t i = 0; i < nx; ++i)
        values.push_back(value(static_cast<idx_t>(t), static_cast<idx_t>(j), static_cast<idx_t>(i)));
  texts.emplace("units", "degC");
  return {"f", dims, values, std::move(texts), {}, NC_FLOAT};
}

/// Latitude and longitude of two dimensions, y and x: a frame whose pole is elsewhere.
void add_tables(RawFile& file, const PointTable& table, const std::string& lat = "lat",
                const std::string& lon = "lon") {
  file.add({lat, {"y", "x"}, table.y, {{"units", "degrees_north"}}});
  file.add({lon, {"y", "x"}, table.x, {{"units", "degrees_east"}}});
}
PointTable tilted(bool corners = false) {
  return table_of(
      static_cast<idx_t>(kNy), static_cast<idx_t>(kNx),
      [](double j, double i) {
        return rotated({2 * j - 4, 2 * i - 6}, 40, -170);
      },
      corners);
}

class MeshSource : public test::RawSource {
 protected:
  /// Each rank reads its own rows; together they are the field, to the bit.
  void expect_field(const CfSource& source,
                    const std::function<double(idx_t t, idx_t j, idx_t i)>& expected) {
    const Share rows = share_of(source.mesh().ny(), comm.size(), comm.rank());
    const Window window{rows.begin, rows.size(), 1, rows.size() > 0 ? source.mesh().nx() - 1 : 0};
    std::vector<float> read(2 * window.points());
    source.read(window, std::vector<long>{1, 0}, read);
    std::size_t at = 0;
    for (const idx_t t : {1, 0})
      for (idx_t j = rows.begin; j < rows.end; ++j)
        for (idx_t i = 1; i < source.mesh().nx(); ++i, ++at)
          EXPECT_EQ(read[at], static_cast<float>(expected(t, j, i))) << t << " " << j << " " << i;
  }
};

TEST_F(MeshSource, TablesThatTheVariableNames) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  const PointTable table = tilted(true);
  add_tables(file, table);
  add_tables(file, {ramp(0, 1, 35), ramp(0, 1, 35), {}, {}}, "lat_u", "lon_u");  // of another stagger
  for (const char* name : {"lat", "lon"}) file[name].texts["bounds"] = std::string(name) + "_vertices";
  file.add({"lat_vertices", {"y", "x", "four"}, table.corner_y});
  file.add({"lon_vertices", {"y", "x", "four"}, table.corner_x});
  file.add(field({"time", "y", "x"}, {{"coordinates", "lon lat"}}));
  const CfSource source = open(file);
  const Mesh& mesh = source.mesh();
  EXPECT_EQ(mesh.kind(), MeshKind::curvilinear);
  EXPECT_EQ(mesh.table().y, table.y);
  EXPECT_EQ(mesh.table().x, table.x);
  EXPECT_EQ(mesh.table().corner_y, table.corner_y);
  EXPECT_FALSE(mesh_difference(mesh, Mesh::curvilinear(5, 7, table)));
  expect_field(source, value);
}

TEST_F(MeshSource, TablesAreFoundBesideNumbersOfRowsAndColumns) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add({"y", {"y"}, ramp(0, 1, 5)}).add({"x", {"x"}, ramp(0, 1, 7), {{"axis", "X"}}});
  add_tables(file, tilted(), "nav_lat", "nav_lon");
  file.add(field({"time", "y", "x"}));
  const CfSource source = open(file);
  EXPECT_EQ(source.mesh().kind(), MeshKind::curvilinear);
  expect_field(source, value);
}

TEST_F(MeshSource, PointsOfLandWithoutAPosition) {
  PointTable table = tilted();
  for (const std::size_t p : {0, 1, 7, 8}) table.y[p] = table.x[p] = 0;  // a block, as NEMO drops it
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  add_tables(file, table);
  for (const char* name : {"lat", "lon"})
    file[name].numbers["_FillValue"] = 1e20, file[name].values[34] = 1e20;
  file.add(field({"time", "y", "x"}));
  const Mesh mesh = open(file).mesh();
  for (const idx_t p : {0, 1, 7, 8, 34}) EXPECT_EQ(mesh.owner(p), -1) << p;
  EXPECT_EQ(mesh.owner(2), 2);
  file["lat"].numbers.clear(), file["lon"].numbers.clear();  // 1e20 without a word
  refuse(file, {"'lat'", "1e+20", "missing values"});
}

TEST_F(MeshSource, ARotatedPoleCarriesItsMapping) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add({"y", {"y"}, ramp(-4, 2, 5), {{"standard_name", "grid_latitude"}, {"units", "degrees"}}});
  file.add({"x", {"x"}, ramp(-6, 2, 7), {{"standard_name", "grid_longitude"}, {"units", "degrees"}}});
  file.add({"pole",
            {},
            {},
            {{"grid_mapping_name", "rotated_latitude_longitude"}},
            {{"grid_north_pole_latitude", 40}, {"grid_north_pole_longitude", 10}},
            NC_INT});
  file.add(field({"time", "y", "x"}, {{"grid_mapping", "pole"}}));
  refuse(file, {"'f'", "'y'", "latitude and longitude of two dimensions"});
  add_tables(file, tilted());
  const CfSource source = open(file);
  EXPECT_EQ(source.mesh().kind(), MeshKind::curvilinear);
  EXPECT_EQ(source.mesh().mapping().name, "pole");
  EXPECT_EQ(source.mesh().mapping().attributes.size(), 3u);
  expect_field(source, value);
}

RawFile projected() {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add({"y",
            {"y"},
            ramp(40, -10, 5),
            {{"standard_name", "projection_y_coordinate"}, {"units", "km"}, {"bounds", "y_bnds"}}});
  file.add({"x", {"x"}, ramp(100, 10, 7), {{"axis", "X"}, {"units", "km"}}});
  std::vector<double> pairs;
  for (int j = 0; j < 5; ++j) pairs.insert(pairs.end(), {46.0 - 10 * j, 36.0 - 10 * j});
  file.add({"y_bnds", {"y", "two"}, pairs});
  file.add({"crs", {}, {}, {{"grid_mapping_name", "polar_stereographic"}}, {{"false_easting", 0}}, NC_INT});
  file.add(field({"time", "y", "x"}, {{"grid_mapping", "crs: y x"}, {"coordinates", "lat lon"}}));
  add_tables(file, tilted());
  return file;
}

TEST_F(MeshSource, APlaneIsTurnedWithItsLatitudes) {
  RawFile file = projected();
  const CfSource source = open(file);
  const Mesh& mesh = source.mesh();
  EXPECT_EQ(mesh.kind(), MeshKind::plane);
  EXPECT_EQ(mesh.y().centres, ramp(0, 10, 5));
  EXPECT_EQ(mesh.y().bounds, ramp(-4, 10, 6));
  EXPECT_EQ(mesh.x().bounds, ramp(95, 10, 8));
  EXPECT_EQ(mesh.unit().name, "km");
  EXPECT_EQ(mesh.unit().metres, 1000);
  EXPECT_EQ(mesh.mapping().name, "crs");
  const PointTable table = tilted();
  EXPECT_EQ(mesh.degrees(0).y, table.y[28]);  // the first row is the last of the file
  EXPECT_EQ(mesh.degrees(34).x, table.x[6]);
  expect_field(source, [](idx_t t, idx_t j, idx_t i) { return value(t, 4 - j, i); });
  file["x"].texts["units"] = "m";
  refuse(file, {"'x'", "'m'", "'km'"});
  file["x"].texts["units"] = "pixel";
  file["f"].texts.erase("coordinates");
  file.variables.resize(file.variables.size() - 2);  // no latitudes and longitudes
  refuse(file, {"'f'", "'x'", "'pixel'", "length"});
}

TEST_F(MeshSource, FieldsWithoutCoordinatesAreImages) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add(field({"time", "y", "x"}));
  const CfSource source = open(file);
  EXPECT_FALSE(mesh_difference(source.mesh(), Mesh::image(5, 7)));
  expect_field(source, value);
  file["f"].texts["coordinates"] = "nav_lon nav_lat";  // which another file has
  refuse(file, {"'f'", "'nav_lon'", "ncks -A"});
  file["f"].texts.erase("coordinates");
  file["f"].texts["grid_mapping"] = "crs";
  refuse(file, {"'f'", "'crs'", "no coordinates"});
  file["f"].texts.erase("grid_mapping");
  file.add({"x", {"x"}, ramp(0, 1, 7)});
  refuse(file, {"'f'", "'x'"});
}

TEST_F(MeshSource, TwoPairsOfTablesAreOneTooMany) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  add_tables(file, tilted());
  add_tables(file, tilted(), "lat_u", "lon_u");
  file.add(field({"time", "y", "x"}));
  refuse(file, {"'f'", "'lat'", "'lat_u'", "coordinates", "ncatted"});
}

TEST_F(MeshSource, BoundsOfAxes) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx, "lat", "lon");
  file.add({"lat", {"lat"}, {4, 2, 0, -2, -3}, {{"units", "degrees_north"}, {"bounds", "lat_bnds"}}});
  file.add({"lon", {"lon"}, ramp(-3, 1, 7), {{"units", "degrees_east"}, {"bounds", "lon_bnds"}}});
  file.add({"lat_bnds", {"lat", "two"}, {5, 3, 3, 1, 1, -1, -1, -2.5, -2.5, -3.5}});
  std::vector<double> pairs;  // in the other convention of longitudes
  for (int i = 0; i < 7; ++i) pairs.insert(pairs.end(), {356.5 + i, 357.5 + i});
  file.add({"lon_bnds", {"lon", "two"}, pairs});
  file.add(field({"time", "lat", "lon"}));
  const CfSource source = open(file);
  EXPECT_EQ(source.mesh().y().bounds, (std::vector<double>{-3.5, -2.5, -1, 1, 3, 5}));
  EXPECT_EQ(source.mesh().x().bounds, ramp(-3.5, 1, 8));
  expect_field(source, [](idx_t t, idx_t j, idx_t i) { return value(t, 4 - j, i); });
  file["lat_bnds"].values[0] = 1;  // no cells side by side: left out, with a warning
  EXPECT_EQ(open(file, "b.nc").mesh().y().bounds, (std::vector<double>{-3.5, -2.5, -1, 1, 3, 5}));
}

TEST_F(MeshSource, FilesOfASeriesAreOnOneMesh) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  PointTable table = tilted();
  add_tables(file, table);
  file.add(field({"time", "y", "x"}));
  write_raw(comm, scratch / "a.nc", file);
  file["time"].texts["units"] = "days since 2001-01-01";
  file["lat"].type = file["lon"].type = NC_FLOAT;  // the same to float32
  file["f"].texts["units"] = "K";
  write_raw(comm, scratch / "b.nc", file);
  spec.files = {scratch / "a.nc", scratch / "b.nc"};
  {
    const CfSource source = CfSource::open(comm, spec);
    EXPECT_EQ(source.variables()[0].working_units, "degC");
    float read[2];
    source.read({1, 1, 2, 1}, std::vector<long>{0, 2}, read);
    EXPECT_EQ(read[0], 12);
    EXPECT_EQ(read[1], static_cast<float>(12 - 273.15));
  }
  file["lat"].values[12] += 0.1;
  write_raw(comm, scratch / "b.nc", file);
  expect_error(ExitCode::data, {"b.nc", "a.nc", "row 1, column 5", "one mesh"},
               [&] { CfSource::open(comm, spec); });
  file["lat"].values[12] -= 0.1;
  file["f"].texts["units"] = "1e-3";
  write_raw(comm, scratch / "b.nc", file);
  expect_error(ExitCode::data, {"b.nc", "'f'", "'1e-3'", "degC"}, [&] { CfSource::open(comm, spec); });
  file["f"].texts.erase("units");
  write_raw(comm, scratch / "b.nc", file);
  expect_error(ExitCode::data, {"b.nc", "'f'", "no units", "degC"}, [&] { CfSource::open(comm, spec); });
}

/// Latitudes and longitudes of one or two dimensions with their bounds, in units of `size`
/// degrees.
RawFile angles(bool tables, const std::string& units, double size) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  const auto scaled = [&](std::vector<double> values) {
    for (double& v : values) v /= size;
    return values;
  };
  const auto pairs = [&](double first, int n) {
    std::vector<double> edges;
    for (int i = 0; i < n; ++i) edges.insert(edges.end(), {first + 2 * i - 1, first + 2 * i + 1});
    return scaled(edges);
  };
  const PointTable table = tilted(true);
  const std::vector<std::string> dims =
      tables ? std::vector<std::string>{"y", "x"} : std::vector<std::string>{};
  for (const bool lat : {true, false}) {
    const std::string name = lat ? "lat" : "lon";
    file.add({name,
              tables ? dims : std::vector<std::string>{lat ? "y" : "x"},
              scaled(tables ? (lat ? table.y : table.x)
                     : lat  ? ramp(-4, 2, 5)
                            : ramp(-6, 2, 7)),
              {{"standard_name", lat ? "latitude" : "longitude"}, {"bounds", name + "_bnds"}}});
    if (!units.empty()) file[name].texts["units"] = units;
    if (tables)
      file.add({name + "_bnds", {"y", "x", "four"}, scaled(lat ? table.corner_y : table.corner_x)});
    else
      file.add({name + "_bnds", {lat ? "y" : "x", "two"}, lat ? pairs(-4, 5) : pairs(-6, 7)});
  }
  return file.add(field({"time", "y", "x"}));
}

TEST_F(MeshSource, AnglesAreDegreesOrRadians) {
  constexpr double kRadian = 180 / std::numbers::pi;
  for (const bool tables : {false, true}) {
    const Mesh expected = open(angles(tables, "degrees", 1)).mesh();
    for (const auto& [units, size] : {std::pair{"", 1.0},
                                      {"Degrees", 1.0},
                                      {"radians", kRadian},
                                      {"radian", kRadian},
                                      {" Rad", kRadian}}) {
      const Mesh mesh = open(angles(tables, units, size), "b.nc").mesh();
      EXPECT_FALSE(mesh_difference(mesh, expected)) << units << ": " << *mesh_difference(mesh, expected);
      for (idx_t p = 0; p < 35; ++p)
        EXPECT_NEAR(mesh.area(p) / expected.area(p), 1, 1e-9) << units << " " << tables;
    }
    for (const std::string units : {"m", "arcminute", "1"})
      refuse(angles(tables, units, 1), {"'lat'", "'" + units + "'", "degrees"});
    RawFile file = angles(tables, "radians", kRadian);
    file["lon_bnds"].texts["units"] = "km";
    refuse(file, {"'lon_bnds'", "'km'", "degrees"});
  }
  RawFile named = angles(false, "radians", kRadian);  // known by its name alone
  for (RawVariable& v : named.variables) v.texts.erase("standard_name");
  EXPECT_FALSE(mesh_difference(open(named).mesh(), open(angles(false, "degrees", 1), "b.nc").mesh()));
}

TEST_F(MeshSource, LatitudesOfAPlaneInRadians) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add({"y", {"y"}, ramp(0, 1, 5), {{"units", "km"}, {"standard_name", "projection_y_coordinate"}}});
  file.add({"x", {"x"}, ramp(0, 1, 7), {{"units", "km"}, {"standard_name", "projection_x_coordinate"}}});
  PointTable table = tilted();
  const PointTable degrees = table;
  for (auto* values : {&table.y, &table.x})
    for (double& v : *values) v *= std::numbers::pi / 180;
  file.add({"lat", {"y", "x"}, table.y, {{"standard_name", "latitude"}, {"units", "radian"}}});
  file.add({"lon", {"y", "x"}, table.x, {{"standard_name", "longitude"}, {"units", "radian"}}});
  file.add(field({"time", "y", "x"}, {{"coordinates", "lat lon"}}));
  const Mesh mesh = open(file).mesh();
  ASSERT_EQ(mesh.kind(), MeshKind::plane);
  for (std::size_t p = 0; p < 35; ++p) EXPECT_NEAR(mesh.latitudes()[p], degrees.y[p], 1e-12);
}

TEST_F(MeshSource, BoundsArePackedAsTheirAxis) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx, "lat", "lon");
  file.add({"lat",
            {"lat"},
            {-40, -20, 0, 20, 30},
            {{"units", "degrees_north"}, {"bounds", "lat_bnds"}},
            {{"scale_factor", 0.1}},
            NC_SHORT});
  file.add({"lon", {"lon"}, ramp(-3, 1, 7), {{"units", "degrees_east"}}});
  file.add({"lat_bnds", {"lat", "two"}, {-50, -30, -30, -10, -10, 10, 10, 22, 22, 35}, {}, {}, NC_SHORT});
  file.add(field({"time", "lat", "lon"}));
  const std::vector<double> edges = open(file).mesh().y().bounds;
  ASSERT_EQ(edges.size(), 6u);
  EXPECT_NEAR(edges[4], 2.2, 1e-12);
  EXPECT_NEAR(edges[5], 3.5, 1e-12);
}

TEST_F(MeshSource, AMeshWithoutAnyPositionIsRefused) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  const std::vector<double> none(35, NC_FILL_DOUBLE);
  add_tables(file, {none, none, {}, {}});
  file.add(field({"time", "y", "x"}));
  refuse(file, {"'lat'", "no position at all", "degrees"});
  file["lat"].values[3] = 10;  // a latitude alone is none
  refuse(file, {"'lat'", "no position at all", "degrees"});
}

TEST_F(MeshSource, AMappingWithAFillValueReachesTheProduct) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add({"y", {"y"}, ramp(0, 1, 5), {{"units", "km"}, {"standard_name", "projection_y_coordinate"}}});
  file.add({"x", {"x"}, ramp(0, 1, 7), {{"units", "km"}, {"standard_name", "projection_x_coordinate"}}});
  file.add({"crs",
            {},
            {0},
            {{"grid_mapping_name", "mercator"}},
            {{"_FillValue", -1}, {"missing_value", -1}},
            NC_BYTE});
  file.add(field({"time", "y", "x"}, {{"grid_mapping", "crs"}}));
  const Mesh mesh = open(file).mesh();
  ASSERT_EQ(mesh.mapping().attributes.size(), 1u);
  NetcdfFile product = NetcdfFile::create(comm, scratch / "product.nc");
  define_mesh(product, mesh);
  product.end_definitions();
  write_mesh(comm, product, mesh);
  product.commit();
  EXPECT_FALSE(mesh_difference(read_mesh(NetcdfFile::open(comm, scratch / "product.nc")), mesh));
}

TEST_F(MeshSource, InfinityIsRefusedUnlessTheFileCallsItMissing) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  add_tables(file, tilted());
  file.add(field({"time", "y", "x"}));
  file["f"].type = NC_DOUBLE;
  std::vector<float> read(35);
  const auto look = [&](const std::string& name) {
    open(file, name).read({0, 5, 0, 7}, std::vector<long>{1}, read);
  };
  int n = 0;
  for (const double number : {HUGE_VAL, -HUGE_VAL, 1e300}) {  // the last is beyond float
    const std::string name = "inf" + std::to_string(++n) + ".nc";
    file["f"].values[35 + 9] = number;
    file["f"].numbers = {};
    expect_error(ExitCode::data, {name, "'f' is infinite at 2000-01-02 in row 1, column 2"},
                 [&] { look(name); });
    file["f"].numbers = {{"missing_value", number}};
    look(std::to_string(n) + ".nc");
    EXPECT_TRUE(std::isnan(read[9]));
    EXPECT_EQ(read[10], 113);
  }
  open(file, "other.nc").read({0, 5, 0, 7}, std::vector<long>{0}, read);  // a time that is not asked for
}

TEST_F(MeshSource, LaterFilesOfASeriesMayHoldTheMeshInAnotherWay) {
  RawFile file = angles(false, "degrees", 1);
  write_raw(comm, scratch / "a.nc", file);
  file["time"].values = {2, 3};
  write_raw(comm, scratch / "b.nc", file);  // as the first
  std::reverse(file["lat"].values.begin(), file["lat"].values.end());
  std::reverse(file["lat_bnds"].values.begin(), file["lat_bnds"].values.end());
  file["time"].values = {4, 5};
  write_raw(comm, scratch / "c.nc", file);
  spec.files = {scratch / "a.nc", scratch / "b.nc", scratch / "c.nc"};
  float read[3];
  CfSource::open(comm, spec).read({1, 1, 2, 1}, std::vector<long>{0, 2, 4}, read);
  EXPECT_EQ(read[0], 12);
  EXPECT_EQ(read[1], 12);
  EXPECT_EQ(read[2], 32);  // upside down
  file = angles(false, "degrees", 1);
  file["time"].values = {2, 3};
  for (const std::string name : {"lat", "lat_bnds", "lon", "lon_bnds"}) {
    RawFile other = file;
    other[name].texts["units"] = "m";  // the same numbers
    write_raw(comm, scratch / "b.nc", other);
    expect_error(ExitCode::data, {"b.nc", name, "'m'", "degrees"}, [&] { CfSource::open(comm, spec); });
  }
}

TEST_F(MeshSource, WorkingUnits) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add(
      field({"time", "y", "x"},
            {{"units", "1e-3"}, {"standard_name", "sea_water_salinity"}, {"cell_methods", "time: mean"}}));
  {
    const CfSource source = open(file);  // its own, whatever they are
    const Variable& v = source.variables()[0];
    EXPECT_EQ(source.channels(), 1);
    EXPECT_EQ(v.name, "f");
    EXPECT_EQ(v.units, "1e-3");
    EXPECT_EQ(v.working_units, "1e-3");
    EXPECT_EQ(v.standard_name, "sea_water_salinity");
    EXPECT_EQ(v.cell_methods, "time: mean");
    expect_field(source, value);
  }
  spec.units = "1";
  expect_field(open(file, "b.nc"), [](idx_t t, idx_t j, idx_t i) { return 1e-3 * value(t, j, i); });
  spec.units = "degC";
  refuse(file, {"'f'", "'1e-3'", "degC"});
  spec.units = "";  // of a series without any
  spec.units_of = "the HR variable 'so'";
  refuse(file, {"'f'", "'1e-3'", "the HR variable 'so' has no units", "both"});
  file["f"].texts.erase("units");
  expect_field(open(file, "c.nc"), value);
  spec.units = "1e-3";
  refuse(file, {"'f'", "no units", "1e-3"});
}

TEST_F(MeshSource, ImplausibleValues) {
  RawFile file = RawFile::over_time(kTimes, kNy, kNx);
  file.add(field({"time", "y", "x"}));
  std::vector<float> read(35);
  const auto look = [&](PlausibleRange range, const std::string& name) {
    spec.plausible = range;
    open(file, name).read({0, 5, 0, 7}, std::vector<long>{0}, read);
  };
  look({-5, 20}, "a.nc");  // some are outside: left to judge_values
  EXPECT_EQ(read[34], 46);
  spec.units = "K";
  expect_error(ExitCode::data, {"b.nc", "'f'", "273.15 and", " K;", "expected -5 to 50"}, [&] {
    look({-5, 50}, "b.nc");
  });
}

}  // namespace
}  // namespace podscale
