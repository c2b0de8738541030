// The two series of a study: in one unit, and channel by channel.
#include "podscale/study/series.hpp"

#include <gtest/gtest.h>

#include "on_all_ranks.hpp"
#include "podscale/config/namelist.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/study_watch.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

class Series : public test::OnAllRanks {
 protected:
  int written = 0;

  std::string file(const std::string& variable, const std::string& units, double value) {
    SampleFile sample;
    sample.variable = variable;
    sample.units = units;
    sample.raw = [value](std::size_t, std::size_t, std::size_t) { return value; };
    const std::string path = scratch / (std::to_string(++written) + ".nc");
    write_sample(comm, path, sample);
    return path;
  }
  DataOptions namelist(const std::string& data) {
    Namelist n;
    n.parse("&data " + data + " /\n", "test.nml");
    return DataOptions(n);
  }
  std::vector<float> first(const FieldSource& source) {
    std::vector<float> values(source.channels());
    source.read({0, 1, 0, 1}, std::vector<long>{0}, values);
    return values;
  }
};

TEST_F(Series, LrIsReadInTheUnitsOfHr) {
  const std::string celsius = file("tos", "degC", 12), kelvin = file("sst", "K", 285.25),
                    none = file("sst", "", 12);
  const auto names = [](const std::string& hr, const std::string& lr) {
    return "hr_files='" + hr + "', lr_files='" + lr + "'";
  };
  {
    const StudySeries study = open_study(comm, namelist(names(celsius, kelvin)));
    EXPECT_EQ(study.lr.variables()[0].units, "K");
    EXPECT_EQ(study.lr.variables()[0].working_units, "degC");
    EXPECT_NEAR(first(study.lr)[0], 12.1, 1e-4);
    EXPECT_EQ(first(study.hr)[0], 12);
  }
  {
    const StudySeries study = open_study(comm, namelist(names(kelvin, celsius)));
    EXPECT_NEAR(first(study.lr)[0], 285.15, 1e-4);
    EXPECT_NEAR(first(*open_lr(comm, namelist(names(kelvin, celsius))))[0], 285.15, 1e-4);
  }
  EXPECT_NEAR(first(open_study(comm, namelist(names(kelvin, kelvin) + ", units='degC'")).hr)[0], 12.1, 1e-4);
  EXPECT_EQ(first(open_study(comm, namelist(names(none, none))).lr)[0], 12);
  expect_error(ExitCode::data, {"'sst'", "no units", "degC"},
               [&] { open_study(comm, namelist(names(celsius, none))); });
  expect_error(ExitCode::data, {"'tos'", "'degC'", "the HR variable 'sst' has no units"},
               [&] { open_study(comm, namelist(names(none, celsius))); });
  const std::string salt = file("so", "1e-3", 35);
  expect_error(ExitCode::data, {"'so'", "'1e-3'", "degC"},
               [&] { open_study(comm, namelist(names(celsius, salt))); });
  EXPECT_EQ(first(open_study(comm, namelist(names(salt, salt))).lr)[0], 35);
}

TEST_F(Series, MeshesMustMakeSenseTogether) {
  const auto on = [&](std::vector<double> lat, std::vector<double> lon) {
    SampleFile sample;
    sample.lat = std::move(lat), sample.lon = std::move(lon);
    const std::string path = scratch / ("mesh" + std::to_string(++written) + ".nc");
    write_sample(comm, path, sample);
    return path;
  };
  const std::string hr = on(ramp(-36, 0.5, 8), ramp(150, 0.5, 12)), lr = on(ramp(-36, 2, 3), ramp(150, 2, 4));
  const auto study = [&](const std::string& fine, const std::string& coarse) {
    return open_study(comm, namelist("hr_files='" + fine + "', lr_files='" + coarse + "'"));
  };
  EXPECT_EQ(study(hr, lr).lr.mesh().nx(), 4);
  study(hr, on(ramp(-36, 2, 3), ramp(-210, 2, 2)));  // covers a part: a warning
  study(hr, hr);
  const auto refuse = [&](const std::string& fine, const std::string& coarse,
                          std::vector<std::string> parts) {
    expect_error(ExitCode::data, parts, [&] { study(fine, coarse); });
  };
  refuse(lr, hr, {"finer", "exchanged", "3 x 4", "8 x 12"});
  refuse(hr, on(ramp(32, 2, 3), ramp(150, 2, 4)), {"does not overlap", "none of the 96 HR points", "cover"});
  refuse(hr, on(ramp(-36, 2, 3), ramp(50, 2, 4)), {"does not overlap"});
}

TEST_F(Series, AnotherQuantityInLrIsSaid) {
  const auto with = [&](const std::string& name, const std::string& methods) {
    SampleFile sample;
    if (!name.empty()) sample.texts["standard_name"] = name;
    if (!methods.empty()) sample.texts["cell_methods"] = methods;
    const std::string path = scratch / ("meaning" + std::to_string(++written) + ".nc");
    write_sample(comm, path, sample);
    return path;
  };
  const auto said = [&](const std::string& hr, const std::string& lr) {
    const DataOptions data = namelist("hr_files='" + hr + "', lr_files='" + lr +
                                      "', train='2000-01-01', '2000-01-03'");
    const StudySeries study = open_study(comm, data);
    ::testing::internal::CaptureStderr();
    watch_training(data, study, false);
    return ::testing::internal::GetCapturedStderr();
  };
  const std::string surface = with("sea_surface_temperature", "time: mean"),
                    interval = with("sea_surface_temperature", "area: mean time: mean (interval: 2700 s)"),
                    air = with("air_temperature", "time: mean"),
                    largest = with("sea_surface_temperature", "time: maximum"), silent = with("", "");
  EXPECT_EQ(said(surface, surface) + said(surface, interval) + said(surface, silent) + said(silent, air), "");
  const std::string names = said(surface, air), methods = said(interval, largest);
  if (!comm.is_root()) return;
  for (const char* part :
       {"'sst' has standard_name 'sea_surface_temperature'", "has 'air_temperature': two quantities"})
    EXPECT_NE(names.find(part), std::string::npos) << names;
  for (const char* part : {"cell_methods in time 'mean'", "has 'maximum': two quantities"})
    EXPECT_NE(methods.find(part), std::string::npos) << methods;
}

TEST_F(Series, DaysOfAPeriodAreThoseOfTheHrCalendar) {
  const auto in = [&](const std::string& calendar) {
    SampleFile sample;
    sample.calendar = calendar;
    const std::string path = scratch / (calendar + ".nc");
    write_sample(comm, path, sample);
    return path;
  };
  const std::string standard = in("standard"), day360 = in("360_day");
  const Period period{{"2000-01-01", "2000-02-30"}, "data.train", "test.nml"};
  const StudySeries of_standard =
      open_study(comm, namelist("hr_files='" + standard + "', lr_files='" + day360 + "'"));
  expect_error(ExitCode::usage,
               {"data.train", "2000-02-30 does not exist in the calendar standard", "ends on day 29"},
               [&] { steps_of_period(of_standard.hr, of_standard.lr, period, {}, false); });
  EXPECT_FALSE(lr_steps_of_period(of_standard.lr, period, {}).empty());
  expect_error(ExitCode::usage, {"data.train", "2000-02-30"},
               [&] { lr_steps_of_period(of_standard.hr, period, {}); });
  const StudySeries of_360 =
      open_study(comm, namelist("hr_files='" + day360 + "', lr_files='" + standard + "'"));
  EXPECT_FALSE(steps_of_period(of_360.hr, of_360.lr, period, {}, false).empty());
}

TEST_F(Series, MasksAreOpenedWithTheSeries) {
  const std::string path = file("tos", "degC", 12);
  const std::string data = "hr_files='" + path + "', lr_files='" + path + "', mask_file=";
  expect_error(ExitCode::no_input, {"nowhere.nc"}, [&] { open_study(comm, namelist(data + "'nowhere.nc'")); });
  expect_error(ExitCode::data, {"'lsm'"}, [&] { open_study(comm, namelist(data + "'', mask_variable='lsm'")); });
}

TEST_F(Series, VariablesAreListed) {
  const std::string tos = file("tos", "degC", 12), so = file("so", "1e-3", 35),
                    sst = file("sst", "K", 285.25);
  const std::string files = "hr_files='" + tos + "','" + so + "', lr_files='" + so + "','" + sst + "', ";
  const StudySeries study = open_study(
      comm, namelist(files + "hr_variable='tos','so', lr_variable='sst','so', plausible=-5,50,0,45"));
  ASSERT_EQ(study.hr.channels(), 2);
  EXPECT_EQ(first(study.hr), (std::vector<float>{12, 35}));
  EXPECT_NEAR(first(study.lr)[0], 12.1, 1e-4);
  EXPECT_EQ(first(study.lr)[1], 35);
  const auto refuse = [&](const std::string& data, const std::vector<std::string>& parts) {
    expect_error(ExitCode::usage, parts, [&] { open_study(comm, namelist(files + data)); });
  };
  const std::string two = "hr_variable='tos','so', ";
  refuse(two + "lr_variable='sst'", {"data.lr_variable", "1", "2", "one for each"});
  refuse(two + "lr_variable='sst','so', plausible=-5,50", {"data.plausible", "2 values", "2 of"});
  refuse(two + "lr_variable='sst','so', plausible=-5,50,45,0", {"data.plausible = 45, 0", "lower"});
  refuse(two + "lr_variable='sst','so', units='K','1','m'", {"data.units", "3 units"});
  const auto plain = open_study(comm, namelist("hr_files='" + tos + "', lr_files='" + sst +
                                               "', hr_variable='', lr_variable='', units=''"));
  EXPECT_EQ(plain.hr.variables()[0].name, "tos");
}

}  // namespace
}  // namespace podscale
