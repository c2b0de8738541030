// Values that can hardly be true are found, named by place and date; ordinary fields are left
// alone.
#include "podscale/field/value_judge.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "on_all_ranks.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/averaged.hpp"
#include "podscale/field/cf_source.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr long kNy = 9, kNx = 8, kTimes = 24;

/// Smooth in space and time, no number twice, land in a corner.
float plain(long t, long y, long x) {
  if (y < 2 && x < 2) return NAN;
  const double at = static_cast<double>(t) + 0.31 * static_cast<double>(y) + 0.17 * static_cast<double>(x);
  return static_cast<float>(18 + 3 * std::sin(0.5 * at) + 0.1 * std::sin(37 * at));
}

class ValueJudge : public test::OnAllRanks {
 protected:
  using Field = std::function<float(long t, long y, long x)>;
  std::optional<PlausibleRange> plausible;
  std::string units = "degC", working_units = "degC";

  ArraySource source(const Field& field) {
    std::vector<float> values;
    for (long t = 0; t < kTimes; ++t)
      for (long y = 0; y < kNy; ++y)
        for (long x = 0; x < kNx; ++x) values.push_back(field(t, y, x));
    std::vector<double> months;
    for (long t = 0; t < kTimes; ++t) months.push_back(static_cast<double>(30 * t));
    return {comm,
            Mesh::rectilinear(ramp(10, 1, kNy), ramp(100, 1, kNx)),
            decode_times(months, "days since 2000-01-01", "standard", "test"),
            std::move(values),
            {{"tos", units, working_units, "", "", "", plausible}}};
  }
  static std::vector<long> all_steps() {
    std::vector<long> steps;
    for (long t = 0; t < kTimes; ++t) steps.push_back(t);
    return steps;
  }
  void judge(const Field& field, Doubts doubts = Doubts::refuse) {
    const ArraySource all = source(field);
    judge_values(all, all_steps(), doubts);
  }
  void refuse(const std::vector<std::string>& parts, const Field& field) {
    expect_error(ExitCode::data, parts, [&] { judge(field); });
    ::testing::internal::CaptureStderr();
    judge(field, Doubts::accept);
    const std::string said = ::testing::internal::GetCapturedStderr();
    if (comm.is_root()) {
      EXPECT_NE(said.find("data.doubts = 'accept'"), std::string::npos) << parts[0] << " in " << said;
    }
  }
};

TEST_F(ValueJudge, OrdinaryFieldsRaiseNoDoubt) {
  judge(plain);
  // No rain on most days and at most points, none at all on some days, and one great storm.
  judge([](long t, long y, long x) {
    const long n = (t * 31 + y * 7 + x * 3) % 11;
    return t % 5 == 0 || x == 0 || n < 8 ? 0.0f
           : t == 7 && y == 3            ? 90.0f + static_cast<float>(x)
                                         : static_cast<float>(n + x);
  });
  // Ice: at freezing all the time in the north, now and then elsewhere.
  judge([](long t, long y, long x) { return y > 6 ? -1.8f : std::max(plain(t, y, x) - 19.0f, -1.8f); });
  // Chlorophyll: over four decades.
  units = working_units = "mg m-3";
  judge([](long t, long y, long x) { return std::exp(3 * (plain(t, y, x) - 18)); });
  // Everything constant: whoever needs variation says so.
  judge([](long, long, long) { return 5.0f; });
  judge([](long, long, long) { return NAN; });
}

TEST_F(ValueJudge, LandThatIsANumber) {
  const auto land = [](float number) {
    return [number](long t, long y, long x) { return y < 3 && x < 3 ? number : plain(t, y, x); };
  };
  refuse({"'tos' never changes at 9 points", "constant 0", "24 times", "data.missing = 0", "data.doubts"},
         land(0));
  refuse({"9 points", "273.15"}, land(273.15f));
  refuse({"9 points", "18.25"}, land(18.25f));  // inside the range of the others
}

TEST_F(ValueJudge, TheCureIsInTheUnitsOfTheFile) {
  SampleFile sample;
  sample.units = "K";
  sample.time = ramp(0, 1, 12);
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) {
    return j == 0 ? 0
                  : 270 + static_cast<double>(
                              plain(static_cast<long>(t), static_cast<long>(j) + 3, static_cast<long>(i)));
  };
  write_sample(comm, scratch / "land.nc", sample);
  CfSpec spec;
  spec.files = {scratch / "land.nc"};
  spec.units = "degC";
  const auto judge = [&] {
    judge_values(CfSource::open(comm, spec), std::vector<long>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                 Doubts::refuse);
  };
  expect_error(ExitCode::data, {"8 points", "constant -273.15 degC", "data.missing = 0 "}, judge);
  spec.missing = {0};
  judge();
}

TEST_F(ValueJudge, FieldsOfOneNumberAndEmptyOnes) {
  const auto at = [](long bad, float number) {
    return [=](long t, long y, long x) {
      return t == bad && !std::isnan(plain(t, y, x)) ? number : plain(t, y, x);
    };
  };
  refuse({"'tos' is 0 degC at all 68 points at 2000-06-29", "1 of 24"}, at(6, 0));
  refuse({"at all 68 points at 2000-01-01"}, at(0, 18.5f));
  refuse({"no value at all at 2001-04-25", "1 of 24"}, at(16, NAN));
  const ArraySource gap = source(at(16, NAN));
  judge_values(gap, all_steps(), Doubts::refuse, true);
}

TEST_F(ValueJudge, RepeatedFieldsAreSaidAloud) {
  const auto said = [&](const Field& field) {
    ::testing::internal::CaptureStderr();
    judge(field);
    return ::testing::internal::GetCapturedStderr();
  };
  const std::string text = said([](long t, long y, long x) { return plain(t > 5 && t < 9 ? 5 : t, y, x); });
  if (comm.is_root()) {
    EXPECT_NE(text.find("has at 2000-06-29 value for value the field of the time before (3 of 24 times)"),
              std::string::npos)
        << text;
  }
  // One point that goes on changing is enough.
  const auto one_changes = [](long t, long y, long x) {
    return plain(t > 5 && t < 9 && (y != 4 || x != 4) ? 5 : t, y, x);
  };
  EXPECT_EQ(said(one_changes).find("value for value"), std::string::npos);
}

TEST_F(ValueJudge, NumbersFarFromAllOthers) {
  const auto spike = [](float number) {
    return [number](long t, long y, long x) { return t == 9 && y == 7 && x == 5 ? number : plain(t, y, x); };
  };
  for (const float number : {1e10f, -1e34f, 1e36f, -9999.0f, -1000.0f, -999.0f, 1e20f, -327.68f})
    refuse({"'tos' has 1 values far outside", "2000-09-27 in row 7, column 5", "missing"}, spike(number));
  // On both sides.
  refuse({"far outside"},
         [&](long t, long y, long x) { return t == 3 && y == 5 ? 1e20f : spike(-1e34f)(t, y, x); });
  // A flag that comes and goes, nearer to the others than a spike has to be.
  refuse({"far outside", "-12.768"},
         [](long t, long y, long x) { return (t + y) % 6 == 0 ? -12.768f : plain(t, y, x); });
}

TEST_F(ValueJudge, BeyondThePlausibleRange) {
  plausible = {-5, 21};
  refuse({"lie outside data.plausible = -5, 21", "data.missing"}, plain);
  plausible = {-5, 50};
  judge(plain);
}

TEST_F(ValueJudge, KelvinUnderTheNameOfCelsius) {
  const auto kelvin = [](long t, long y, long x) { return plain(t, y, x) + 273.15f; };
  refuse({"'tos' lies between 288", "degC", "kelvin", "units,tos,o,c,K", "data.plausible"}, kelvin);
  refuse({"'tos' lies between -2", "lowest", "kelvin"},
         [](long t, long y, long x) { return plain(t, y, x) - 273.15f; });
  units = "degrees_celsius", working_units = "K";  // data.units = 'K' has added 273.15 once more
  refuse({"'tos' lies between 56", "'degrees_celsius'", "173.15 to 373.15"},
         [&](long t, long y, long x) { return kelvin(t, y, x) + 273.15f; });
  judge(kelvin);
  units = "K";
  judge(kelvin);
  units = working_units = "mm";
  judge(kelvin);
  units = working_units = "degC";
  judge([](long t, long y, long x) { return plain(t, y, x) * 6; });  // data times a number
  plausible = {200, 400};  // whoever says so has judged
  judge(kelvin);
}

TEST_F(ValueJudge, RangesOfHrAndLrThatDoNotMeet) {
  units = working_units = "Pa";
  const ArraySource hr = source(plain);
  const auto against = [&](float scale, float shift) {
    const ArraySource lr = source([=](long t, long y, long x) { return plain(t, y, x) * scale + shift; });
    judge_ranges(hr, judge_values(hr, all_steps(), Doubts::refuse), lr,
                 judge_values(lr, all_steps(), Doubts::refuse), Doubts::refuse);
  };
  const auto said = [&](float scale, float shift) {
    ::testing::internal::CaptureStderr();
    against(scale, shift);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said(1, 3), "");
  const std::string apart = said(1, 10), anomalies = said(0.1f, -1.8f);
  if (comm.is_root()) {
    EXPECT_NE(apart.find("no value in common"), std::string::npos) << apart;
    EXPECT_NE(anomalies.find("no value in common"), std::string::npos) << anomalies;
  }
  expect_error(ExitCode::data, {"'tos'", "between 14.9", "between 288", "no value in common", "data.doubts"},
               [&] { against(1, 273.15f); });
}

TEST_F(ValueJudge, EachFileOfAListIsJudged) {
  SampleFile sample;
  sample.time = ramp(0, 1, 12);
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) {
    return static_cast<double>(plain(static_cast<long>(t), static_cast<long>(j) + 3, static_cast<long>(i)));
  };
  write_sample(comm, scratch / "a.nc", sample);
  sample.time = ramp(12, 1, 12);
  write_sample(comm, scratch / "b.nc", sample);
  CfSpec spec;
  spec.files = {scratch / "a.nc", scratch / "b.nc"};
  const auto run = [&] {
    const CfSource files = CfSource::open(comm, spec);
    judge_values(files, all_steps(), Doubts::refuse);
  };
  run();
  const auto right = sample.raw;
  sample.raw = [&](std::size_t t, std::size_t j, std::size_t i) {
    return right(t, j, i) + 273.15;
  };  // "degC"
  write_sample(comm, scratch / "c.nc", sample);
  spec.files = {scratch / "a.nc", scratch / "c.nc"};
  expect_error(ExitCode::data, {"c.nc", "units"}, run);
  spec.plausible = {-5, 50};
  expect_error(ExitCode::data, {"c.nc", "all 480 values", "units"}, run);
  spec.plausible.reset();
  sample.raw = [&](std::size_t t, std::size_t j, std::size_t i) { return right(t, j, i) / 1000; };
  write_sample(comm, scratch / "d.nc", sample);
  spec.files = {scratch / "a.nc", scratch / "d.nc"};
  expect_error(ExitCode::data, {"d.nc", "units"}, run);
}

TEST_F(ValueJudge, EachFileOfMeansIsJudged) {
  SampleFile sample;
  CfSpec spec;
  spec.average = "day";
  for (const double shift : {0.0, 273.15}) {
    sample.time = ramp(shift > 0 ? 12 : 0, 0.25, 48);
    sample.raw = [&](std::size_t t, std::size_t j, std::size_t i) {
      const float value = plain(static_cast<long>(t), static_cast<long>(j) + 3, static_cast<long>(i));
      return static_cast<double>(value) + shift;
    };
    spec.files.push_back(scratch / (shift > 0 ? "b.nc" : "a.nc"));
    write_sample(comm, spec.files.back(), sample);
  }
  expect_error(ExitCode::data, {"sst in " + spec.files[0] + ": ", "units"},
               [&] { judge_values(*open_series(comm, spec), all_steps(), Doubts::refuse); });
}

}  // namespace
}  // namespace podscale
