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
