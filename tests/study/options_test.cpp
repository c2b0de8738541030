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
  expect_error(ExitCode::usage, {"basis_file", "study.nml"}, [] {
    Required<std::string>{"", "output.basis_file", "study.nml"}.get();
  });
}

TEST(Required, OneWithoutAKeyIsAnErrorAndNoCrash) {
  expect_error(ExitCode::usage, {""}, [] { Files{}.get(); });
  expect_error(ExitCode::usage, {""}, [] { FilePath{}.get(); });
}

}  // namespace
}  // namespace podscale
