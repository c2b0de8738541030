#include "podscale/study/options.hpp"

#include <gtest/gtest.h>

#include "podscale/config/namelist.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

Namelist namelist_of(const std::string& text) {
  Namelist namelist;
  namelist.parse(text, "study.nml");
  return namelist;
}

TEST(Required, GivesTheValueOfTheNamelist) {
  const DataOptions options(
      namelist_of("&data hr_files = 'a.nc', 'b*.nc', train = '2000-01-01', '2000-12-31' /"));
  EXPECT_EQ(options.hr_files.get(), (std::vector<std::string>{"a.nc", "b*.nc"}));
  EXPECT_EQ(options.train.get(), (std::vector<std::string>{"2000-01-01", "2000-12-31"}));
  EXPECT_EQ((Required<std::string>{"basis.nc", "output.basis_file", "study.nml"}.get()), "basis.nc");
}

TEST(Required, AnAbsentValueNamesItsKeyAndTheNamelist) {
  const DataOptions options(namelist_of("&data train = '2000-01-01', '2000-12-31' /"));
  expect_error(ExitCode::usage, {"hr_files", "data", "study.nml"}, [&] { options.hr_files.get(); });
  expect_error(ExitCode::usage, {"downscale", "data", "study.nml"}, [&] { options.downscale.get(); });
  // Before anything is read: what is no day in any calendar.
  for (const std::string key : {"train", "validate", "downscale", "apply_reference"})
    for (const std::string day : {"2002-11-31", "2002-02-31", "2002-13-01", "Feb 2002"})
      expect_error(ExitCode::usage, {"study.nml: data." + key + " =", "'" + day + "'"},
                   [&] { DataOptions(namelist_of("&data " + key + " = '2000-01-01', '" + day + "' /")); });
  DataOptions(namelist_of("&data train = '2000-01-01', '2002-02-30' /"));  // a day of 360_day
  expect_error(ExitCode::usage, {"basis_file", "study.nml"}, [] {
    Required<std::string>{"", "output.basis_file", "study.nml"}.get();
  });
}

TEST(Required, OneWithoutAKeyIsAnErrorAndNoCrash) {
  expect_error(ExitCode::usage, {""}, [] { Files{}.get(); });
  expect_error(ExitCode::usage, {""}, [] { FilePath{}.get(); });
}

TEST(Defaults, AreTheBaseAndAnOverlapThatFitsThePatch) {
  const StudyOptions plain(namelist_of(""));
  EXPECT_EQ(plain.sampling.uncertainty, Uncertainty::automatic);
  EXPECT_EQ(plain.basis.overlap, 2);
  EXPECT_EQ(StudyOptions(namelist_of("&patches size = 2, 3 /")).basis.overlap, 1);
  EXPECT_EQ(StudyOptions(namelist_of("&patches size = 2, 3, overlap = 2 /")).basis.overlap, 2);
  EXPECT_EQ(trained_uncertainty(plain), Uncertainty::head);
  EXPECT_EQ(trained_uncertainty(StudyOptions(namelist_of("&model base = 'none' /"))), Uncertainty::ensemble);
  EXPECT_EQ(trained_uncertainty(StudyOptions(namelist_of("&training head_weight = 0 /"))),
            Uncertainty::ensemble);
  EXPECT_EQ(trained_uncertainty(StudyOptions(namelist_of("&sampling uncertainty = 'ensemble' /"))),
            Uncertainty::ensemble);
  // A product says what it was made with.
  const StudyOptions again = options_of_text(effective_with(plain, Uncertainty::base), "product.nc");
  EXPECT_EQ(again.sampling.uncertainty, Uncertainty::base);
}

TEST(Selection, IsByTheForecastThatIsMade) {
  const auto criterion = [](const std::string& sampling) {
    return selection_criterion(
        StudyOptions(
            namelist_of("&data validate = '2000-01-01', '2000-12-31' / &sampling " + sampling + " /")),
        Inflation{});
  };
  const std::string members = "uncertainty = 'ensemble'", alone = ", exchange_halos = .false.";
  EXPECT_NE(criterion(members), criterion(members + alone));
  EXPECT_EQ(criterion("uncertainty = 'head'"), criterion("uncertainty = 'head'" + alone));
}

TEST(Defaults, TrainingIsSizedByItsTimes) {
  struct Case {
    long times;
    int width;
    long steps, warmup;
  };
  for (const Case& c : {Case{60, 32, 200, 50},
                        {2000, 32, 625, 100},
                        {2001, 64, 625, 100},
                        {9496, 64, 2000, 100},
                        {30000, 128, 2000, 100}}) {
    StudyOptions options(namelist_of(""));
    require_trainable(options, 1);
    size_training(options, c.times);
    EXPECT_EQ(options.model.width, c.width) << c.times;
    EXPECT_EQ(options.training.steps, c.steps) << c.times;
    EXPECT_EQ(options.training.warmup, c.warmup) << c.times;
    EXPECT_EQ(options.training.validate_every, c.steps / 10) << c.times;
    EXPECT_EQ(options.training.patience, 4) << c.times;
  }
  StudyOptions heads(namelist_of("&model heads = 5 /"));
  size_training(heads, 60);
  EXPECT_EQ(heads.model.width, 35);
  // What is given stays as it is, and then training runs to its end.
  StudyOptions given(namelist_of("&model width = 48 /\n&training steps = 1000, warmup = 400 /"));
  size_training(given, 60);
  EXPECT_EQ(given.model.width, 48);
  EXPECT_EQ(given.training.steps, 1000);
  EXPECT_EQ(given.training.warmup, 400);
  EXPECT_EQ(given.training.validate_every, 200);
  EXPECT_EQ(given.training.patience, 0);
  expect_error(ExitCode::usage, {"model.width = 4"},
               [] { require_trainable(StudyOptions(namelist_of("&model width = 4 /")), 1); });
}

}  // namespace
}  // namespace podscale
