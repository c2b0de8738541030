#include "podscale/field/cf_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "on_all_ranks.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

constexpr double kMissing = -12345;  // in the expectations

class CfSourceTest : public test::OnAllRanks {
 protected:
  int samples = 0;

  CfSource open(const std::vector<std::string>& files, const std::string& variable = "") {
    CfSpec spec;
    spec.label = "HR";
    for (const auto& name : files) spec.files.push_back(scratch / name);
    spec.variable = variable;
    spec.units = "degC";
    return CfSource::open(comm, spec);
  }
  CfSource open(const SampleFile& sample) {
    const std::string name = "s" + std::to_string(++samples) + ".nc";  // the last one may still be open
    write_sample(comm, scratch / name, sample);
    return open({name});
  }
  std::vector<long> all_steps(const CfSource& series) {
    std::vector<long> steps;
    for (std::size_t t = 0; t < series.times().size(); ++t) steps.push_back(static_cast<long>(t));
    return steps;
  }
  /// Each rank reads its own columns and compares them: together they are the field. value(t, j,
  /// i): grid order, degC.
  void expect_field(const CfSource& series, const std::function<double(long t, long j, long i)>& value,
                    double tolerance = 1e-5) {
    const Share share = share_of(series.mesh().nx(), comm.size(), comm.rank());
    const Window window{1, series.mesh().ny() - 1, share.begin, share.size()};
    const auto steps = all_steps(series);
    std::vector<float> read(steps.size() * static_cast<std::size_t>(window.points()));
    series.read(window, steps, read);
    std::size_t at = 0;
    for (const long t : steps)
      for (long j = 0; j < window.ny; ++j)
        for (long i = 0; i < window.nx; ++i, ++at) {
          const double expected = value(t, window.y0 + j, window.x0 + i);
          if (expected == kMissing)
            EXPECT_TRUE(std::isnan(read[at])) << t << " " << j << " " << i << ": " << read[at];
          else
            EXPECT_NEAR(read[at], expected, tolerance) << t << " " << window.y0 + j << " " << window.x0 + i;
        }
  }
};

double plain(long t, long j, long i) {
  return 0.1 * static_cast<double>(100 * t + 10 * j + i);
}

TEST_F(CfSourceTest, PlainFilesOfBothFormats) {
  for (const int format : {NC_NETCDF4, 0, NC_64BIT_OFFSET})
    for (const nc_type type : {NC_FLOAT, NC_DOUBLE})
      for (const bool bare : {false, true}) {
        SampleFile sample;
        sample.format = format;
        sample.type = type;
        sample.bare = bare;  // names alone tell latitude from longitude
        sample.texts["standard_name"] = "sea_surface_temperature";
        const CfSource series = open(sample);
        EXPECT_EQ(series.mesh().y().centres, sample.lat);
        EXPECT_EQ(series.mesh().x().centres, sample.lon);
        EXPECT_EQ(series.times().values(), sample.time);
        EXPECT_EQ(date_text(series.times()[2].date), "2000-01-03");
        EXPECT_NE(series.describe().find("sst in "), std::string::npos);
        expect_field(series, plain);
      }
}

TEST_F(CfSourceTest, TwoNamesOfOneCalendarAreOneSeries) {
  // Days since year 1 are two less by the proleptic calendar, which lacks Caesar's leap days.
  SampleFile first, second;
  first.time_units = second.time_units = "days since 0001-01-01";
  first.calendar = "gregorian", second.calendar = "proleptic_gregorian";
  const auto from = [](const char* name, int day) {
    const Calendar calendar = calendar_from_name(name);
    const double start = static_cast<double>(day_number(calendar, 2000, 1, day));
    return std::vector<double>{start, start + 1};
  };
  first.time = from("standard", 1), second.time = from("proleptic_gregorian", 3);
  write_sample(comm, scratch / "a.nc", first);
  write_sample(comm, scratch / "b.nc", second);
  for (const auto& files : {std::vector<std::string>{"a.nc", "b.nc"}, {"b.nc", "a.nc"}}) {
    const CfSource series = open(files);
    ASSERT_EQ(series.times().size(), 4u);
    for (std::size_t t = 0; t < 4; ++t)
      EXPECT_EQ(date_text(series.times()[t].date), fmt::format("2000-01-{:02d}", t + 1));
    EXPECT_EQ(series.times().values(), (std::vector<double>{0, 1, 2, 3}));
    EXPECT_EQ(series.times().units, "days since 2000-01-01 00:00:00");
  }
}

TEST_F(CfSourceTest, PackedWithBothFillAttributesAndValidLimits) {
  SampleFile sample;
  sample.type = NC_SHORT;
  sample.units = "kelvin";
  sample.numbers = {
      {"_FillValue", {-32768}}, {"missing_value", {-999}}, {"valid_min", {-300}}, {"valid_max", {4500}}};
  sample.real_numbers = {{"scale_factor", 0.01}, {"add_offset", 273.15}};
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) -> double {
    if (j == 2 && i == 3) return -32768;
    if (j == 2 && i == 4) return -999;
    if (j == 3 && i == 5) return 4501;
    if (j == 3 && i == 6) return -301;
    return 1000.0 * static_cast<double>(t) + 10.0 * static_cast<double>(j) + static_cast<double>(i);
  };
  expect_field(open(sample), [](long t, long j, long i) -> double {
    if ((j == 2 && (i == 3 || i == 4)) || (j == 3 && (i == 5 || i == 6))) return kMissing;
    return 0.01 * static_cast<double>(1000 * t + 10 * j + i);
  });
  // Users Guide: limits of the unpacked type are limits of unpacked values.
  sample.numbers.erase("valid_min");
  sample.numbers.erase("valid_max");
  sample.real_numbers["valid_min"] = 270.15;
  sample.real_numbers["valid_max"] = 318.15;
  expect_field(open(sample), [](long t, long j, long i) -> double {
    if ((j == 2 && (i == 3 || i == 4)) || (j == 3 && (i == 5 || i == 6))) return kMissing;
    return 0.01 * static_cast<double>(1000 * t + 10 * j + i);
  });
}

TEST_F(CfSourceTest, DefaultFillNanAndLargeMissingValues) {
  SampleFile sample;
  sample.real_numbers = {{"missing_value", 1e20}};  // float64 beside float32 data
  sample.raw = [](std::size_t, std::size_t j, std::size_t i) -> double {
    if (j == 1 && i == 0) return NC_FILL_FLOAT;
    if (j == 1 && i == 1) return std::nan("");
    if (j == 1 && i == 2) return 1e20;
    return 5;
  };
  expect_field(open(sample), [](long, long j, long i) { return j == 1 && i < 3 ? kMissing : 5; });
  SampleFile unsigned_bytes;
  unsigned_bytes.type = NC_BYTE;
  unsigned_bytes.texts["_Unsigned"] = "true";
  unsigned_bytes.numbers = {{"_FillValue", {-1}}};  // 255
  unsigned_bytes.real_numbers = {{"scale_factor", 0.1}};
  unsigned_bytes.raw = [](std::size_t, std::size_t j, std::size_t i) -> double {
    return j == 1 && i == 0 ? -1 : -56;
  };
  expect_field(open(unsigned_bytes), [](long, long j, long i) { return j == 1 && i == 0 ? kMissing : 20; });
}

TEST_F(CfSourceTest, FillValuesOfAnotherPrecision) {
  for (const double fill : {1e20, -1e34, 1e36, -9999.9}) {
    SampleFile sample;
    sample.type = NC_DOUBLE;  // the attribute is the float32 nearest to the number
    sample.real_numbers = {{"missing_value", static_cast<double>(static_cast<float>(fill))}};
    sample.raw = [&](std::size_t, std::size_t j, std::size_t i) { return j == 1 && i == 0 ? fill : 5; };
    expect_field(open(sample), [](long, long j, long i) { return j == 1 && i == 0 ? kMissing : 5; });
  }
}

TEST_F(CfSourceTest, PackingThatIsTextIsParsedOrRefused) {
  SampleFile sample;
  sample.type = NC_SHORT;
  sample.texts = {{"scale_factor", "0.01"}, {"add_offset", " 20.0 "}, {"missing_value", "-999"}};
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) -> double {
    return j == 1 && i == 0 ? -999 : static_cast<double>(100 * t + 10 * j + i);
  };
  expect_field(open(sample), [](long t, long j, long i) {
    return j == 1 && i == 0 ? kMissing : 20 + 0.01 * static_cast<double>(100 * t + 10 * j + i);
  });
  const auto refuse = [&](std::vector<std::string> parts) {
    parts.emplace_back("text");
    expect_error(ExitCode::data, parts, [&] { open(sample); });
  };
  sample.texts["add_offset"] = "twenty";
  refuse({"'sst'", "add_offset", "twenty"});
  sample.texts = {{"add_offset", "20.0"}};  // beside a number
  sample.real_numbers = {{"scale_factor", 0.01}};
  refuse({"'sst'", "add_offset", "20.0", "scale_factor is a number"});
  sample.texts = {{"missing_value", "-999"}};
  refuse({"'sst'", "missing_value", "-999"});
  sample.texts.clear();
  sample.real_numbers = {{"scale_factor", 0}};
  expect_error(ExitCode::data, {"scale_factor 0"}, [&] { open(sample); });
}

TEST_F(CfSourceTest, LimitsInOtherUnitsAreNamed) {
  SampleFile sample;
  sample.type = NC_SHORT;
  sample.real_numbers = {{"scale_factor", 0.01}};
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) {
    return static_cast<double>(1500 + 100 * t + 10 * j + i);
  };
  const auto refuse = [&](const std::vector<std::string>& parts) {
    expect_error(ExitCode::data, parts, [&] { open(sample); });
  };
  sample.numbers = {{"valid_min", {-2}}, {"valid_max", {45}}};  // unpacked numbers as shorts
  refuse({"'sst'", "valid_min and valid_max", "-0.02 to 0.45", "15 and"});
  sample.numbers.clear();
  sample.type = NC_FLOAT;
  sample.real_numbers = {{"valid_max", -10}};
  refuse({"valid_max", "1500 and"});
  sample.numbers = {{"valid_range", {271, 310}}};
  sample.real_numbers.clear();
  refuse({"valid_range", "271 to 310", "degC"});
  sample.numbers = {{"valid_range", {1600, 1700}}};  // leaves some
  open(sample);
  // Fields are looked at in parts.
  sample.lat = ramp(-45, 0.3, 300);
  sample.lon = ramp(0, 1, 300);
  sample.time = {0};
  sample.raw = [](std::size_t, std::size_t j, std::size_t) { return j == 0 ? 1650 : 1000.0 + j; };
  open(sample);
  sample.raw = [](std::size_t, std::size_t j, std::size_t) { return 1000.0 + j; };
  refuse({"valid_range", "1000 and 1299"});
}

TEST_F(CfSourceTest, LimitsThatMaskAPartAreSaid) {
  SampleFile sample;
  sample.time = ramp(0, 1, 40);
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) {
    return j == 0 ? -999 : i == 0 ? 1e20 : static_cast<double>(t) + 0.1 * static_cast<double>(j + 5 * i);
  };
  const auto said = [&](std::vector<double> missing = {}) {
    write_sample(comm, scratch / "limits.nc", sample);
    CfSpec spec;
    spec.files = {scratch / "limits.nc"};
    spec.missing = std::move(missing);
    ::testing::internal::CaptureStderr();
    CfSource::open(comm, spec);
    return ::testing::internal::GetCapturedStderr();
  };
  sample.numbers = {{"valid_max", {20}}};
  const std::string text = said();
  if (comm.is_root()) {
    for (const char* part : {"limits.nc", "'sst'", "valid_max = 20 masks", "% of the values", "ncatted"})
      EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  sample.numbers = {{"valid_range", {-1, 50}}};  // leaves out flags alone
  EXPECT_EQ(said(), "");
  sample.numbers = {{"valid_min", {0.75}}, {"_FillValue", {1e20}}};
  EXPECT_EQ(said({-999, 0.1f, 0.2f, 0.3f, 0.4f, 0.6f, 0.7f}), "");
}

TEST_F(CfSourceTest, PackingIsOneNumber) {
  SampleFile sample;
  sample.type = NC_SHORT;
  sample.numbers = {{"add_offset", {20, 25}}};
  expect_error(ExitCode::data, {"'sst'", "add_offset has 2 numbers", "ncatted"}, [&] { open(sample); });
}

TEST_F(CfSourceTest, UnsignedNumbersThatHaveASign) {
  SampleFile sample;
  sample.type = NC_USHORT;
  sample.numbers = {{"_FillValue", {32768}}, {"valid_min", {65536 - 100}}};
  sample.texts = {{"_Unsigned", "false"}};
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) {
    return i == 0 ? 32768 : i == 1 ? 65535 : i == 2 ? 60000 : static_cast<double>(100 * t + 10 * j + i);
  };
  expect_field(open(sample), [](long t, long j, long i) {
    return i == 0 || i == 2 ? kMissing : i == 1 ? -1 : static_cast<double>(100 * t + 10 * j + i);
  });
}

TEST_F(CfSourceTest, NumbersThatTheReaderCallsMissing) {
  SampleFile sample;
  sample.raw = [](std::size_t, std::size_t j, std::size_t i) { return j == 1 ? 0 : i == 2 ? -9999 : 5; };
  write_sample(comm, scratch / "zero.nc", sample);
  CfSpec spec;
  spec.files = {scratch / "zero.nc"};
  spec.units = "K";  // they are numbers of the file, whatever the units of work
  spec.missing = {0, -9999};
  expect_field(
      CfSource::open(comm, spec), [](long, long j, long i) { return j == 1 || i == 2 ? kMissing : 278.15; },
      1e-4);
}

TEST_F(CfSourceTest, AnInvertedValidRangeIsIgnored) {
  SampleFile sample;
  sample.numbers = {{"valid_min", {1e20}}, {"valid_max", {-1e20}}};
  expect_field(open(sample), plain);
  sample.numbers = {{"valid_range", {0, 10}}};
  expect_field(open(sample),
               [](long t, long j, long i) { return plain(t, j, i) > 10 ? kMissing : plain(t, j, i); });
}

TEST_F(CfSourceTest, DescendingLatitudeAndLongitude) {
  SampleFile sample;
  sample.lat = ramp(2, -1, 5);
  CfSource series = open(sample);
  EXPECT_EQ(series.mesh().y().centres, ramp(-2, 1, 5));
  expect_field(series, [](long t, long j, long i) { return plain(t, 4 - j, i); });
  sample.lon = ramp(107, -1, 8);
  series = open(sample);
  EXPECT_EQ(series.mesh().x().centres, ramp(100, 1, 8));
  expect_field(series, [](long t, long j, long i) { return plain(t, 4 - j, 7 - i); });
}

TEST_F(CfSourceTest, LevelAxesOfOneElement) {
  SampleFile sample;
  sample.levels = 1;
  expect_field(open(sample), plain);
}

TEST_F(CfSourceTest, LongitudesAcrossTheCut) {
  SampleFile sample;
  sample.lon = {178, 179, -180, -179, -178, -177, -176, -175};
  CfSource series = open(sample);
  EXPECT_EQ(series.mesh().x().centres, ramp(178, 1, 8));
  EXPECT_FALSE(series.mesh().periodic());
  expect_field(series, plain);
}

TEST_F(CfSourceTest, PeriodicWindowsWrapAround) {
  for (const double start : {0.0, -180.0, 30.0}) {
    SampleFile sample;
    sample.lon = ramp(start, 10, 36);
    for (const bool repeated : {false, true})
      for (const bool descending : {false, true}) {
        SampleFile s = sample;
        if (repeated) s.lon.push_back(start + 360);
        const auto columns = std::ssize(s.lon);
        if (descending) std::reverse(s.lon.begin(), s.lon.end());
        const CfSource series = open(s);
        EXPECT_EQ(series.mesh().x().centres, sample.lon);
        EXPECT_TRUE(series.mesh().periodic());
        const auto in_file = [&](long i) { return descending ? columns - 1 - i : i; };
        expect_field(series, [&](long t, long j, long i) { return plain(t, j, in_file(i)); });
        // A halo over the cut on some ranks only, so that the ranks need different numbers of
        // hyperslabs.
        const long x0 = comm.rank() % 2 == 0 ? -3 : 10, nx = comm.rank() == 2 ? 42 : 5;
        const Window window{2, 2, x0, nx};
        const std::vector<long> steps{0, 1, 2};
        std::vector<float> read(3 * window.points());
        series.read(window, steps, read);
        std::size_t at = 0;
        for (long t = 0; t < 3; ++t)
          for (long j = 2; j < 4; ++j)
            for (long i = x0; i < x0 + nx; ++i, ++at)
              EXPECT_NEAR(read[at], plain(t, j, in_file((i + 36) % 36)), 1e-5) << i;
      }
  }
}

TEST_F(CfSourceTest, EmptyWindowsAndStepsInAnyOrder) {
  SampleFile sample;
  sample.time = ramp(0, 1, 6);
  const CfSource series = open(sample);
  const bool idle = comm.rank() % 2 == 1;
  const Window window = idle ? Window{} : Window{0, 1, 2, 1};
  const std::vector<long> steps{5, 0, 1, 2, 4, 4};
  std::vector<float> read(idle ? 0 : steps.size());
  series.read(window, steps, read);
  for (std::size_t k = 0; k < read.size(); ++k) EXPECT_NEAR(read[k], plain(steps[k], 0, 2), 1e-5);
}

TEST_F(CfSourceTest, CalendarsOfModels) {
  SampleFile sample;
  sample.time = {59, 60};
  sample.calendar = "noleap";
  EXPECT_EQ(date_text(open(sample).times()[0].date), "2000-03-01");
  sample.calendar = "360_day";
  EXPECT_EQ(date_text(open(sample).times()[0].date), "2000-02-30");
  sample.calendar = "";
  EXPECT_EQ(date_text(open(sample).times()[0].date), "2000-02-29");
}

TEST_F(CfSourceTest, FilesAreJoinedAndSorted) {
  // Names in the wrong order, each file with its own reference date, one of them upside down; more
  // files than stay open.
  for (int k = 0; k < 7; ++k) {
    SampleFile sample;
    sample.time = ramp(0, 1, 3);
    sample.time_units = "days since 2000-01-" + std::string(k < 3 ? "0" : "") + std::to_string(1 + 3 * k);
    if (k == 3) sample.lat = ramp(2, -1, 5);
    sample.raw = [k](std::size_t t, std::size_t j, std::size_t i) {
      return plain(0, k == 3 ? 4 - static_cast<long>(j) : static_cast<long>(j), static_cast<long>(i)) +
             3 * k + static_cast<double>(t);
    };
    write_sample(comm, scratch / ("part" + std::to_string(9 - k) + ".nc"), sample);
  }
  const CfSource series =
      open({"part3.nc", "part*.nc", "part[4-5].nc"});  // each file once, however often it is named
  ASSERT_EQ(series.times().size(), 21u);
  EXPECT_EQ(series.times().values(), ramp(0, 1, 21));
  EXPECT_EQ(series.times().units, "days since 2000-01-01 00:00:00");
  EXPECT_EQ(date_text(series.times()[20].date), "2000-01-21");
  EXPECT_NE(series.describe().find("part9.nc ... "), std::string::npos) << series.describe();
  EXPECT_NE(series.describe().find("(7 files)"), std::string::npos);
  expect_field(series, [](long t, long j, long i) { return plain(0, j, i) + static_cast<double>(t); });
  expect_field(series, [](long t, long j, long i) {
    return plain(0, j, i) + static_cast<double>(t);
  });  // files opened again
}

TEST_F(CfSourceTest, InterleavedFilesAreSortedByStep) {
  SampleFile even, odd;
  even.time = {0, 2, 4};
  odd.time = {1, 3, 5};
  even.raw = [](std::size_t t, std::size_t, std::size_t) { return 2.0 * static_cast<double>(t); };
  odd.raw = [](std::size_t t, std::size_t, std::size_t) { return 2.0 * static_cast<double>(t) + 1; };
  write_sample(comm, scratch / "a.nc", odd);
  write_sample(comm, scratch / "b.nc", even);
  const CfSource series = open({"a.nc", "b.nc"});
  EXPECT_EQ(series.times().values(), ramp(0, 1, 6));
  expect_field(series, [](long t, long, long) { return static_cast<double>(t); });
}

TEST_F(CfSourceTest, Masks) {
  SampleFile sample;
  sample.mask = true;
  sample.lat = ramp(2, -1, 5);
  sample.raw = [](std::size_t t, std::size_t j, std::size_t i) -> double {
    if (i == 0) return NC_FILL_FLOAT;                                  // land in the data
    return i == 1 && t == 1 ? NC_FILL_FLOAT : static_cast<double>(j);  // a gap
  };
  write_sample(comm, scratch / "m.nc", sample);
  CfSpec spec;
  spec.files = {scratch / "m.nc"};
  const auto count = [&](const CfSpec& s, std::vector<long> steps, long* gaps) {
    const CfSource series = CfSource::open(comm, s);
    const Share share = share_of(series.mesh().nx(), comm.size(), comm.rank());
    const Window window{0, 5, share.begin, share.size()};
    const auto mask = ocean_mask(series, window, steps, gaps);
    *gaps = comm.sum(*gaps);
    for (long j = 0; j < 5;
         ++j)  // land rows of the mask variable: the first of the file, the last of the grid
      for (long i = 0; i < window.nx; ++i)
        if (!s.mask_variable.empty() && !s.mask_ocean_values.empty() && j == 4) {
          EXPECT_EQ(mask[j * window.nx + i], 0);
        }
    long ocean = 0;
    for (const unsigned char m : mask) ocean += m;
    return comm.sum(ocean);
  };
  long gaps = 0;
  EXPECT_EQ(count(spec, {0, 1, 2}, &gaps), 5 * 6);
  EXPECT_EQ(gaps, 5);
  EXPECT_EQ(count(spec, {0, 2}, &gaps), 5 * 7);
  EXPECT_EQ(gaps, 0);
  spec.mask_variable = "mask";  // in the first file; any non-zero value
  EXPECT_EQ(count(spec, {0, 1, 2}, &gaps), 5 * 6);
  spec.mask_ocean_values = {1};
  EXPECT_EQ(count(spec, {0, 1, 2}, &gaps), 4 * 6);
  EXPECT_EQ(gaps, 4);

  sample.lat = ramp(-2, 1, 5);  // a mask file the other way up
  write_sample(comm, scratch / "mask.nc", sample);
  spec.mask_file = scratch / "mask.nc";
  const CfSource series = CfSource::open(comm, spec);
  const auto mask = ocean_mask(series, {0, 5, 2, 1}, std::vector<long>{0});
  EXPECT_EQ(mask, (std::vector<unsigned char>{0, 1, 1, 1, 1}));
  sample.lat = ramp(-3, 1, 5);
  write_sample(comm, scratch / "moved.nc", sample);
  spec.mask_file = scratch / "moved.nc";
  const CfSource other = CfSource::open(comm, spec);
  expect_error(ExitCode::data, {"moved.nc", "'mask'", "mesh"}, [&] {
    ocean_mask(other, {0, 5, 2, 1}, std::vector<long>{0});
  });
}

}  // namespace
}  // namespace podscale
