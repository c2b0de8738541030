// Public data as it comes. The figures are those of netCDF4-python, by
//   /usr/bin/python3 -c "import netCDF4, numpy as np; a = netCDF4.Dataset(FILE)[VARIABLE][:].astype('f8');
//                        print(np.ma.count(a), a.sum(), a[t, j, i])"
// with j and i in file order, minus 273.15 where the file is in kelvin.
#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/pairing.hpp"
#include "podscale/field/cf_source.hpp"
#include "sample_file.hpp"
#include "shared_data.hpp"

namespace podscale {
namespace {

class RealSeries : public ::testing::Test {
 protected:
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  std::optional<std::string> units = "degC";  // to work in

  CfSource open(const std::vector<std::string>& files, const std::string& variable = "",
                const std::string& mask = "", const std::vector<double>& ocean = {}) {
    return CfSource::open(comm, {"HR", files, variable, "", mask, ocean, units});
  }
  /// A rectangle of the grid for each rank: together all of it.
  Window share(const Mesh& grid) const {
    const int columns = comm.size() == 4 ? 2 : 1, rows = comm.size() / columns;
    const Share y = share_of(grid.ny(), rows, comm.rank() / columns),
                x = share_of(grid.nx(), columns, comm.rank() % columns);
    return {y.begin, y.size(), x.begin, x.size()};
  }
  /// Collective. Number and sum of the valid values over all ranks.
  std::pair<long, double> total(const CfSource& series, std::size_t first, std::size_t steps) {
    const Window window = share(series.mesh());
    std::vector<long> list;
    for (std::size_t t = first; t < first + steps; ++t) list.push_back(static_cast<long>(t));
    std::vector<float> values(steps * static_cast<std::size_t>(window.points()));
    series.read(window, list, values);
    long count = 0;
    double sum = 0;
    for (const float v : values) {
      if (std::isnan(v)) continue;
      ++count;
      sum += v;
    }
    return {comm.sum(count), comm.sum(sum)};
  }
  /// Collective. One value, read by every rank.
  float at(const CfSource& series, long t, long j, long i) {
    float value = 0;
    series.read({j, 1, i, 1}, std::vector<long>{t}, std::span(&value, 1));
    return value;
  }
  std::pair<long, long> mask_counts(const CfSource& series) {
    std::vector<long> steps;
    for (std::size_t t = 0; t < series.times().size(); ++t) steps.push_back(static_cast<long>(t));
    long gaps = 0, ocean = 0;
    for (const unsigned char m : ocean_mask(series, share(series.mesh()), steps, &gaps)) ocean += m;
    return {comm.sum(ocean), comm.sum(gaps)};
  }
  void refuse(const std::string& file, const std::vector<std::string>& parts,
              const std::string& variable = "") {
    PODSCALE_NEED_DATA(path, file);
    std::vector<std::string> all{std::filesystem::path(file).filename().string()};
    all.insert(all.end(), parts.begin(), parts.end());
    expect_error(ExitCode::data, all, [&] { open({path}, variable); });
  }
};

TEST_F(RealSeries, TasmanIsJoinedFromThreeFiles) {
  PODSCALE_NEED_DATA(folder, "oisst_tasman");
  const CfSource series = open({folder + "/sst_day_2010-2011.nc", folder + "/sst_day_*.nc"}, "sst");
  ASSERT_EQ(series.times().size(), 10957u);
  EXPECT_EQ(date_text(series.times().samples.front().date), "1982-01-01T12:00:00");
  EXPECT_EQ(date_text(series.times().samples.back().date), "2011-12-31T12:00:00");
  EXPECT_FALSE(series.times().is_monthly());
  EXPECT_EQ(series.mesh().y().centres.front(), -44.875);
  EXPECT_EQ(series.mesh().x().centres.back(), 154.875);
  const auto [count, sum] = total(series, 9496, 1461);
  EXPECT_EQ(count, 687871 + 686930);
  EXPECT_NEAR(sum, 10755674.7297 + 11006852.1717, 1);
  EXPECT_NEAR(at(series, 0, 31, 31), 21.67, 1e-5);
  EXPECT_NEAR(at(series, 5000, 10, 20), 11.95, 1e-5);
  EXPECT_NEAR(at(series, 9496, 31, 31), 21.95, 1e-5);
  EXPECT_NEAR(at(series, 10956, 31, 31), 19.88, 1e-5);
  EXPECT_EQ(mask_counts(series), std::pair(941L, 0L));
  EXPECT_EQ(steps_between(series.times(), "1982-01-01", "2007-12-31").size(), 9496u);
}

TEST_F(RealSeries, CobeIsGlobalMonthlyAndUpsideDown) {
  PODSCALE_NEED_DATA(path, "cobe_global/sst_month_1985-2005.nc");
  const CfSource series = open({path});
  EXPECT_TRUE(series.mesh().periodic());
  EXPECT_TRUE(series.times().is_monthly());
  EXPECT_EQ(series.mesh().y().centres.front(), -89.5);
  const auto [count, sum] = total(series, 0, 252);
  EXPECT_EQ(count, 11037348);
  EXPECT_NEAR(sum, 149502222.068, 10);
  EXPECT_NEAR(at(series, 0, 179, 0), -1.702, 1e-5);  // file row 0
  EXPECT_NEAR(at(series, 0, 90, 180), 27.592, 1e-5);
  EXPECT_TRUE(std::isnan(at(series, 251, 149, 200)));
  float across[2];
  series.read({89, 1, -1, 2}, std::vector<long>{251}, across);
  EXPECT_NEAR(across[0], 26.904, 1e-5);
  EXPECT_NEAR(across[1], 26.988, 1e-5);
  EXPECT_EQ(mask_counts(series), std::pair(43799L, 0L));
}

TEST_F(RealSeries, GlobalOisstIsPackedKelvinWithAMask) {
  PODSCALE_NEED_DATA(folder, "oisst_global");
  const CfSource series =
      open({folder + "/20151101.nc", folder + "/20050101.nc"}, "analysed_sst", "mask", {1});
  EXPECT_EQ(date_text(series.times()[0].date), "2005-01-01");
  EXPECT_TRUE(series.mesh().periodic());
  EXPECT_EQ(series.mesh().x().centres.front(), -179.875);
  const auto [first, sum] = total(series, 0, 1);
  EXPECT_EQ(first, 691150);
  EXPECT_NEAR(sum / 691150, 13.606498538, 2e-5);  // float32 add_offset: 273.15 - 273.1499939
  const auto [second, other] = total(series, 1, 1);
  EXPECT_EQ(second, 691150);
  EXPECT_NEAR(other / 691150, 13.760165040, 2e-5);
  EXPECT_NEAR(at(series, 0, 360, 0), 302.48 - 273.15, 2e-5);
  EXPECT_NEAR(at(series, 1, 300, 720), 291.88 - 273.15, 2e-5);
  EXPECT_NEAR(at(series, 1, 360, -1), 302.97 - 273.15, 2e-5);
  EXPECT_EQ(mask_counts(series), std::pair(691150L, 0L));
  expect_error(ExitCode::data,
               {"20050101.nc", "analysed_sst, analysis_error, mask, sea_ice_fraction", "hr_variable"},
               [&] { open({folder + "/20050101.nc"}); });
}

TEST_F(RealSeries, CoralTempIsNetcdf3AndUpsideDown) {
  PODSCALE_NEED_DATA(path, "coraltemp_gulfstream/sst_month_2022.nc");
  const CfSource series = open({path});
  EXPECT_EQ(date_text(series.times()[0].date), "2022-01-16");
  EXPECT_EQ(date_text(series.times()[11].date), "2022-12-16");
  EXPECT_EQ(series.mesh().ny(), 202);
  EXPECT_EQ(series.mesh().nx(), 201);
  EXPECT_NEAR(series.mesh().y().centres.front(), 29.975, 1e-5);
  const auto [count, sum] = total(series, 0, 12);
  EXPECT_EQ(count, 368258);
  EXPECT_NEAR(sum, 8528243.5905, 1);
  EXPECT_NEAR(at(series, 0, 0, 200), 22.39, 1e-5);
  EXPECT_NEAR(at(series, 11, 151, 150), 19.15, 1e-5);
  EXPECT_EQ(mask_counts(series), std::pair(30669L, 23L));
}

TEST_F(RealSeries, AlboranHasGapsThatMove) {
  PODSCALE_NEED_DATA(path, "alboran_cloudy/sst_day_2017-05.nc");
  const CfSource series = open({path}, "", "mask");
  EXPECT_EQ(date_text(series.times()[0].date), "2017-05-14");
  EXPECT_EQ(date_text(series.times()[9].date), "2017-05-24");
  const auto [count, sum] = total(series, 0, 10);
  EXPECT_EQ(count, 121243);
  EXPECT_NEAR(sum, 2278994.1063, 1);
  EXPECT_NEAR(at(series, 0, 100, 150), 18.25, 1e-5);
  EXPECT_TRUE(std::isnan(at(series, 9, 100, 150)));
  const auto [ocean, gaps] = mask_counts(series);
  EXPECT_EQ(ocean, 134);
  EXPECT_EQ(gaps, 21975);  // (m.any(0) & ~m.all(0) & (mask != 0)).sum()
}

TEST_F(RealSeries, AwkwardFilesThatAreRead) {
  PODSCALE_NEED_DATA(folder, "awkward");
  {
    const CfSource series = open({folder + "/littlecube.nc"});  // 64-bit offset, packed, smaller than a patch
    EXPECT_EQ(series.mesh().points(), 64);
    EXPECT_EQ(date_text(series.times()[365].date), "2020-12-31");
    const auto [count, sum] = total(series, 0, 366);
    EXPECT_EQ(count, 23424);
    EXPECT_NEAR(sum, 6993541.925354 - 23424 * 273.15, 1);
    EXPECT_NEAR(at(series, 365, 7, 7), 294.66 - 273.15, 2e-5);
  }
  {
    const CfSource series = open({folder + "/reduced.nc"}, "sst");  // singleton level, both fill attributes
    EXPECT_TRUE(series.mesh().periodic());
    const auto [count, sum] = total(series, 0, 1);
    EXPECT_EQ(count, 11752);
    EXPECT_NEAR(sum, 152706.4765, 0.1);
    EXPECT_NEAR(at(series, 0, 45, 100), 26.57, 1e-5);
  }
  {
    const CfSource series =
        open({folder + "/sst.nc"});  // repeated longitude, ten cells at -18 degC: read, with warnings
    EXPECT_EQ(series.mesh().nx(), 180);
    EXPECT_TRUE(series.mesh().periodic());
    EXPECT_EQ(date_text(series.times()[0].date), "1948-01-14T10:33:36");
    const auto [count, sum] = total(series, 0, 1);
    EXPECT_EQ(count, 8289);
    EXPECT_NEAR(sum, 155644.1285, 0.1);
    EXPECT_NEAR(at(series, 0, 32, -1), at(series, 0, 32, 179), 0);
  }
  {
    const CfSource series = open({folder + "/not_empty_mur.nc4"}, "analysed_sst");
    EXPECT_EQ(date_text(series.times()[0].date), "2016-01-01T09:00:00");
    const auto [count, sum] = total(series, 0, 1);
    EXPECT_EQ(count, 2601);
    EXPECT_NEAR(sum, 759792.879 - 2601 * 273.15, 0.1);
    EXPECT_NEAR(at(series, 0, 50, 50), 292.052 - 273.15, 1e-5);
  }
  {
    const CfSource series = open({folder + "/empty_mur.nc4"}, "analysed_sst");  // read: all of it is missing
    EXPECT_EQ(total(series, 0, 1).first, 0);
    EXPECT_EQ(mask_counts(series), std::pair(0L, 0L));
  }
}

TEST_F(RealSeries, CurvilinearMeshes) {
  PODSCALE_NEED_DATA(folder, "awkward");
  {
    const CfSource series = open({folder + "/ctorca.nc"});  // an inverted range: ignored
    EXPECT_EQ(series.variables()[0].name, "sosstsst");
    EXPECT_EQ(series.mesh().kind(), MeshKind::curvilinear);
    EXPECT_EQ(series.mesh().period(), 180);
    EXPECT_TRUE(series.mesh().fold().present);
    EXPECT_EQ(total(series, 0, 5).first, 83755);
  }
  {
    const CfSource series = open({folder + "/tos_ocean_bipolar_grid.nc"});
    EXPECT_EQ(series.mesh().points(), 220 * 256);
    EXPECT_EQ(series.variables()[0].units, "K");
    EXPECT_EQ(series.variables()[0].working_units, "degC");
    EXPECT_EQ(series.variables()[0].standard_name, "sea_surface_temperature");
    const auto [count, sum] = total(series, 0, 1);
    EXPECT_EQ(count, 36791);
    EXPECT_NEAR(sum, 10422138.779022217 - 36791 * 273.15, 1);
  }
  units.reset();  // those of the file
  const CfSource series = open({folder + "/small_rotPole_precipitation.nc"});
  const Mesh& mesh = series.mesh();
  EXPECT_EQ(mesh.kind(), MeshKind::curvilinear);
  EXPECT_FALSE(mesh.periodic());
  EXPECT_EQ(mesh.mapping().name, "rotated_pole");
  ASSERT_EQ(mesh.mapping().attributes.size(), 3u);
  EXPECT_EQ(mesh.mapping().attributes[0].text, "rotated_latitude_longitude");
  EXPECT_EQ(mesh.mapping().attributes[2].numbers, std::vector<double>{-140.75});
  EXPECT_EQ(series.variables()[0].working_units, "kg m-2 s-1");
  const auto [count, sum] = total(series, 0, 4);
  EXPECT_EQ(count, 132240);
  EXPECT_NEAR(sum, 3.001379577224014, 1e-6);
}

TEST_F(RealSeries, TheTripolarMonthsAreOneSeries) {
  PODSCALE_NEED_DATA(folder, "nemo_tripolar");
  const CfSource series = open({folder + "/*.nc"});
  ASSERT_EQ(series.times().size(), 3u);
  EXPECT_EQ(series.times().calendar, Calendar::day360);
  ASSERT_TRUE(series.times().has_intervals());
  const TimeUnits units(series.times().units, "360_day", "nemo_tripolar");
  for (const int month : {1, 2, 3}) {
    const Sample& sample = series.times()[month - 1];
    EXPECT_EQ(date_text(sample.date), fmt::format("2015-0{}-16", month));
    EXPECT_EQ(date_text(*units.date(sample.interval->begin)), fmt::format("2015-0{}-01", month));
    EXPECT_EQ(date_text(*units.date(sample.interval->end)), fmt::format("2015-0{}-01", month + 1));
  }
  EXPECT_EQ(series.variables()[0].cell_methods, "time: mean (interval: 2700 s)");
  const Mesh& mesh = series.mesh();
  EXPECT_EQ(mesh.ny(), 330);
  EXPECT_EQ(mesh.nx(), 360);
  EXPECT_TRUE(mesh.periodic());
  EXPECT_TRUE(mesh.fold().present);
  EXPECT_EQ(mesh.table().corner_y.size(), 4u * 330 * 360);
  const auto [count, sum] = total(series, 0, 1);
  EXPECT_EQ(count, 65183);
  EXPECT_NEAR(sum, 920869.1819827649, 0.1);
  // A window across the seam holds what the two sides hold.
  float across[2];
  series.read({200, 1, -1, 2}, std::vector<long>{0}, across);
  const float west = at(series, 0, 200, 359), east = at(series, 0, 200, 0);
  EXPECT_TRUE(across[0] == west || (std::isnan(across[0]) && std::isnan(west)));
  EXPECT_TRUE(across[1] == east || (std::isnan(across[1]) && std::isnan(east)));
}

TEST_F(RealSeries, AwkwardFilesThatAreRefused) {
  refuse("awkward/sst30e_netcdf.nc", {"'time'", "'Month'", "days since"});
  refuse("awkward/netcdf_dummy_file.nc", {"no variable has time, latitude and longitude"});
  refuse("awkward/netcdf_dummy_file.nc", {"'P_1'", "(time)", "latitude"}, "P_1");
  refuse("awkward/units.nc", {"no variable has time, latitude and longitude"});
  refuse("awkward/units.nc", {"'cube_0'", "latitude"}, "cube_0");
  refuse("awkward/git_lfs_pointer.nc", {"git lfs pull"});
}

TEST_F(RealSeries, TheMonthlyPairIsReadAndMatches) {
  PODSCALE_NEED_DATA(folder, "cobe_oisst_pair");
  const CfSource coarse = open({folder + "/cobe_month_*.nc"}), fine = open({folder + "/oisst_month_*.nc"});
  ASSERT_EQ(coarse.times().size(), 252u);
  std::vector<long> steps;
  for (long t = 0; t < 252; ++t) steps.push_back(t);
  EXPECT_EQ(pair_steps(fine.times(), steps, coarse.times(), {}).pairs.size(), 252u);
}

}  // namespace
}  // namespace podscale
