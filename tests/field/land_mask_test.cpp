// What the numbers of a mask mean.
#include <gtest/gtest.h>

#include "on_all_ranks.hpp"
#include "podscale/field/cf_source.hpp"
#include "raw_file.hpp"

namespace podscale {
namespace {

using Bytes = std::vector<unsigned char>;

/// 2 x 4 points; the first row is land in the data.
class LandMask : public test::OnAllRanks {
 protected:
  CfSpec spec;
  int written = 0;

  RawFile grid() {
    RawFile file = RawFile::over_time(1, 2, 4, "lat", "lon");
    file.add({"lat", {"lat"}, {10.5, 11.5}, {{"units", "degrees_north"}}});
    return file.add({"lon", {"lon"}, ramp(20, 1, 4), {{"units", "degrees_east"}}});
  }
  void SetUp() override {
    spec.files = {scratch / "f.nc"};
    data({1e20, 1e20, 1e20, 1e20, 1, 2, 3, 4});
  }
  void data(const std::vector<double>& values) {
    RawFile file = grid();
    file.add({"f", {"time", "lat", "lon"}, values, {{"units", "degC"}}, {{"_FillValue", 1e20}}, NC_FLOAT});
    write_raw(comm, scratch / "f.nc", file);
  }
  void give(RawVariable mask) {
    mask.dims = {"lat", "lon"};
    RawFile file = grid();
    file.add(std::move(mask));
    spec.mask_file = scratch / (std::to_string(++written) + ".nc");
    write_raw(comm, spec.mask_file, file);
  }
  Bytes sea() {
    const CfSource source = CfSource::open(comm, spec);
    return source.land_mask({0, 2, 0, 4});
  }
  void refuse(const std::vector<std::string>& parts) {
    expect_error(ExitCode::data, parts, [&] { sea(); });
  }
  /// What is said where the mask is read and found to be `expected`.
  void warn(const Bytes& expected, const std::vector<std::string>& parts) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(sea(), expected);
    const std::string said = ::testing::internal::GetCapturedStderr();
    if (!comm.is_root()) return;
    if (parts.empty()) {
      EXPECT_EQ(said, "");
    }
    for (const std::string& part : parts)
      EXPECT_NE(said.find(part), std::string::npos) << part << " in " << said;
  }
};

const Bytes kSea{0, 0, 0, 0, 1, 1, 1, 1}, kLand{1, 1, 1, 1, 0, 0, 0, 0};

TEST_F(LandMask, StandardNamesDecide) {
  const std::vector<double> one_is_land{1, 1, 1, 1, 0, 0, 0, 0};
  give({"lsmask", {}, one_is_land, {{"standard_name", "land_binary_mask"}}});
  EXPECT_EQ(sea(), kSea);  // without mask_variable: the only one of the file
  give({"lsmask", {}, one_is_land, {{"standard_name", "sea_binary_mask"}}});
  EXPECT_EQ(sea(), kLand);
  give({"lsmask", {}, one_is_land});  // a plain one: as ever
  EXPECT_EQ(sea(), kLand);
  give({"lsm", {}, one_is_land});
  EXPECT_EQ(sea(), kSea);
  spec.mask_ocean_values = {1};  // who asks is right
  EXPECT_EQ(sea(), kLand);
}

TEST_F(LandMask, SharesAndPercent) {
  const std::vector<double> land{100, 100, 98, 50.5, 50, 2, 0, 0};
  give({"sftlf", {}, land, {{"standard_name", "land_area_fraction"}, {"units", "%"}}});
  EXPECT_EQ(sea(), kSea);
  give({"sftlf", {}, land, {{"standard_name", "land_area_fraction"}, {"units", "1"}}});
  EXPECT_EQ(sea(), kSea);  // with a warning
  spec.mask_threshold = 0.99;
  EXPECT_EQ(sea(), (Bytes{0, 0, 0, 0, 0, 0, 1, 1}));
  spec.mask_threshold = 0.5;
  const std::vector<double> shares{0, 0.02, 0.4, 0.49, 0.5, 1, 1, 1};
  give({"sftof", {}, shares, {{"standard_name", "sea_area_fraction"}, {"units", "1"}}});
  EXPECT_EQ(sea(), kSea);
  give({"plain", {}, shares});
  EXPECT_EQ(sea(), kSea);
  give({"sftof", {}, shares, {{"standard_name", "sea_area_fraction"}, {"units", "%"}}});
  refuse({"'sftof'", "'%'", "up to 1"});
  give({"frac", {}, land, {{"units", "%"}}});
  refuse({"'frac'", "land or of sea", "standard_name"});
}

TEST_F(LandMask, LandAloneMayBeMarked) {
  std::vector<double> marked{1, 1, 1, 1, 1e20, 1e20, 1e20, 1e20};
  const RawVariable mask{"m", {}, marked, {{"standard_name", "land_binary_mask"}}, {{"_FillValue", 1e20}}};
  give(mask);
  EXPECT_EQ(sea(), kSea);
  RawVariable outside = mask;
  outside.values[6] = outside.values[7] = 0;  // the rest is outside of what it describes
  give(outside);
  EXPECT_EQ(sea(), (Bytes{0, 0, 0, 0, 0, 0, 1, 1}));
}

TEST_F(LandMask, FlagsAreNamed) {
  RawVariable mask{"m",
                   {},
                   {2, 2, 5, 13, 1, 1, 9, 9},
                   {{"flag_meanings", "water land optional_lake_surface sea_ice"}},
                   {},
                   NC_BYTE,
                   {{"flag_masks", {1, 2, 4, 8}}}};
  give(mask);
  EXPECT_EQ(sea(), kSea);
  mask.lists = {{"flag_values", {1, 2, 5, 9, 13}}};
  mask.texts["flag_meanings"] =
      "open_sea land open_lake open_sea_with_ice_in_the_grid open_lake_with_ice_in_the_grid";
  give(mask);
  EXPECT_EQ(sea(), kSea);
  mask.values = {0, 0, 0, 0, 1, 1, 1, 1};
  mask.lists = {{"flag_values", {0, 1}}};
  mask.texts["flag_meanings"] = "ocean land";
  give(mask);
  EXPECT_EQ(sea(), kLand);
  mask.texts["flag_meanings"] = "false true";
  give(mask);
  refuse({"'m'", "'false true'", "name no sea"});
  mask.texts["flag_meanings"] = "sea";
  give(mask);
  refuse({"'m'", "1 flag_meanings for 2 flags"});
}

TEST_F(LandMask, AnElevationIsNone) {
  const std::vector<double> heights{12, 800, 3, 45, -20, -1500, -3, -700};
  const std::vector<std::string> parts{"'z'", "-1500 to 800 'm'", "data.mask_ocean_values", "standard_name"};
  give({"z", {}, heights, {{"units", "m"}, {"standard_name", "surface_altitude"}}, {}, NC_SHORT});
  refuse(parts);
  give({"z", {}, heights, {{"units", "m"}, {"long_name", "elevation relative to sea level"}}, {}, NC_SHORT});
  refuse(parts);
  give({"z", {}, heights, {{"standard_name", "height"}}});
  refuse({"'z'", "standard_name 'height'", "data.mask_ocean_values"});
  give({"z", {}, heights});
  refuse({"'z'", "negative values", "-1500", "data.mask_ocean_values"});
  give({"z", {}, {0, 0, 0, 0, 20, 1500, 3, 700}, {{"units", "km"}}});
  refuse({"'z'", "0 to 1500 'km'"});
  const std::map<std::string, std::string> sst{{"units", "degC"},
                                               {"standard_name", "sea_surface_temperature"}};
  give({"z", {}, {0, 0, 0, 0, 20, 15, 3, 7}, sst});
  refuse({"'z'", "standard_name 'sea_surface_temperature'", "0 to 20"});
  spec.mask_ocean_values = {20, 15, 3, 7};  // who asks is right
  EXPECT_EQ(sea(), kSea);
  spec.mask_ocean_values.clear();
  give({"z", {}, {0, 0, 0, 0, 1, 1, 1, 1}, sst});
  warn(kSea, {});  // as cdo makes it of a temperature, which is there where sea is
  give({"REGION_MASK", {}, {0, 0, 0, 0, 3, 3, -4, -4}, {{"long_name", "basin indices"}}, {}, NC_INT});
  warn(kSea, {"all but 0"});
  give({"sftlf", {}, {-9, 100, 100, 100, 0, 0, 0, 0}, {{"units", "%"}}});
  refuse({"'sftlf'", "-9 to 100"});
}

TEST_F(LandMask, WhatAPlainOneMeansIsSaid) {
  const std::vector<double> one_below{0, 0, 0, 0, 1, 1, 1, 1};
  give({"mask", {}, one_below, {}, {}, NC_BYTE});
  warn(kSea, {"'mask'", "all but 0 is taken as sea", "data.mask_ocean_values"});
  give({"lsmask", {}, one_below, {{"long_name", "land-sea mask"}}});
  warn(kSea, {"all but 0 is taken as sea"});
  give({"mask", {}, one_below, {{"long_name", "ocean mask"}}});
  warn(kSea, {});
  give({"mask", {}, one_below, {{"standard_name", "sea_binary_mask"}}});
  warn(kSea, {});
  give({"land", {}, one_below});
  refuse({"'land'", "mark land", "data.mask_ocean_values"});
  give({"LANDMASK", {}, one_below, {{"description", "LAND MASK (1 FOR LAND, 0 FOR WATER)"}}});
  refuse({"'LANDMASK'", "1 for land", "data.mask_ocean_values"});
  spec.mask_ocean_values = {0};
  warn(kLand, {});
}

TEST_F(LandMask, FlagsWithoutAllOfTheirParts) {
  RawVariable mask{"m", {}, {0, 0, 0, 0, 1, 1, 1, 1}, {{"flag_meanings", "sea land"}}, {}, NC_BYTE};
  give(mask);
  refuse({"'m'", "'sea land'", "no flag_values", "data.mask_ocean_values"});
  mask.texts["standard_name"] = "sea_binary_mask";
  give(mask);
  warn(kSea, {});
  mask.texts.erase("standard_name");
  mask.lists = {{"flag_values", {0, 1}}};
  give(mask);
  warn(kLand, {});
  mask.values = {0, 0, 0, 0, 1, 2, 3, 3};
  give(mask);
  warn(kLand, {"3 of its 8 points", "not among its flag_values", "data.mask_ocean_values"});
  mask.texts["standard_name"] = "sea_binary_mask";
  give(mask);
  refuse({"'m'", "'sea_binary_mask'", "'sea land'", "contradict", "data.mask_ocean_values"});
  mask.texts["standard_name"] = "land_binary_mask";
  mask.values = {0, 0, 0, 0, 1, 1, 1, 1};
  give(mask);
  warn(kLand, {});
}

TEST_F(LandMask, WithoutSeaOrWithoutAFile) {
  give({"m", {}, std::vector<double>(8, 0)});
  refuse({"'m'", "none of its 8 points"});
  spec.mask_file = scratch / "nowhere.nc";
  expect_error(ExitCode::no_input, {"nowhere.nc"}, [&] { sea(); });
}

TEST_F(LandMask, InsideOut) {
  give({"m", {}, {1, 1, 1, 1, 0, 0, 0, 0}});
  expect_error(ExitCode::data, {"inside out", "4 of 4", "data.mask_ocean_values"},
               [&] { require_mask_of_data(CfSource::open(comm, spec)); });
  give({"m", {}, {0, 0, 0, 0, 1, 1, 1, 0}});
  require_mask_of_data(CfSource::open(comm, spec));
  data({1, 2, 3, 4, 1e20, 1e20, 1e20, 5});  // filled over land, clouds over the sea
  give({"m", {}, {0, 0, 0, 0, 1, 1, 1, 1}});
  require_mask_of_data(CfSource::open(comm, spec));
  data({1, 2, 3, 4, 5, 6, 7, 8});  // nothing to tell them by
  require_mask_of_data(CfSource::open(comm, spec));
}

}  // namespace
}  // namespace podscale
