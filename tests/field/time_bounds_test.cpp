// The interval that a time stands for: read, joined over files, left out with one warning where it
// can't be meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "on_all_ranks.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/field/stacked.hpp"
#include "raw_file.hpp"

namespace podscale {
namespace {

constexpr std::size_t kMonths = 4;

/// Monthly means, stamped in the middle of the months from January 2000 on.
RawFile monthly(const std::string& units = "days since 2000-01-01", double shift = 0, std::size_t first = 0,
                std::size_t months = kMonths) {
  const std::vector<double> edges{0, 31, 60, 91, 121};
  RawFile file = RawFile::over_time(months, 2, 3, "lat", "lon");
  std::vector<double> middle, bounds;
  for (std::size_t m = first; m < first + months; ++m) {
    middle.push_back((edges[m] + edges[m + 1]) / 2 + shift);
    bounds.insert(bounds.end(), {edges[m] + shift, edges[m + 1] + shift});
  }
  file["time"].values = middle;
  file["time"].texts = {{"units", units}, {"bounds", "time_bnds"}};
  file.add({"time_bnds", {"time", "two"}, bounds});
  file.add({"lat", {"lat"}, {0, 1}, {{"units", "degrees_north"}}});
  file.add({"lon", {"lon"}, {0, 1, 2}, {{"units", "degrees_east"}}});
  file.add({"f", {"time", "lat", "lon"}, ramp(0, 1, static_cast<int>(6 * months)), {{"units", "degC"}}});
  return file;
}

std::vector<double> ends_of(const SampleAxis& axis) {
  std::vector<double> ends;
  for (const Sample& s : axis.samples)
    if (s.interval) ends.insert(ends.end(), {s.interval->begin, s.interval->end});
  return ends;
}
const std::vector<double> kEnds{0, 31, 31, 60, 60, 91, 91, 121};

class TimeBounds : public test::OnAllRanks {
 protected:
  CfSpec spec;

  template <class Work>
  auto spoken(const Work& work) {
    ::testing::internal::CaptureStderr();
    std::string text;
    const auto end = [&] { text = ::testing::internal::GetCapturedStderr(); };
    try {
      auto result = work();
      end();
      warnings = comm.broadcast(text);
      return result;
    } catch (...) {
      end();
      throw;
    }
  }
  /// A series of these files. What rank 0 warned of, to all, is left in `warnings`.
  CfSource open(const std::vector<RawFile>& files) {
    spec.label = "LR", spec.files.clear();
    for (std::size_t i = 0; i < files.size(); ++i) {
      spec.files.push_back(scratch / fmt::format("f{}.nc", i));
      write_raw(comm, spec.files.back(), files[i]);
    }
    return spoken([&] { return CfSource::open(comm, spec); });
  }
  /// One warning with these parts, and no bounds.
  void expect_left_out(const std::vector<RawFile>& files, const std::vector<std::string>& parts) {
    const CfSource source = open(files);
    EXPECT_FALSE(source.times().has_intervals());
    EXPECT_TRUE(ends_of(source.times()).empty());
    expect_one_warning(parts);
  }
  void expect_one_warning(const std::vector<std::string>& parts) const {
    for (const std::string& part : parts)
      EXPECT_NE(warnings.find(part), std::string::npos) << part << " in " << warnings;
    EXPECT_EQ(std::count(warnings.begin(), warnings.end(), '\n'), 1) << warnings;
  }
  std::string warnings;
};

TEST_F(TimeBounds, MonthsStampedInTheirMiddle) {
  const CfSource source = open({monthly()});
  EXPECT_EQ(warnings, "");
  EXPECT_EQ(date_text(source.times()[0].date), "2000-01-16T12:00:00");
  ASSERT_TRUE(source.times().has_intervals());
  EXPECT_EQ(ends_of(source.times()), kEnds);  // on every rank
  EXPECT_TRUE(source.times().is_monthly());
  EXPECT_EQ(ends_of(subset(source.times(), std::vector<long>{2})), (std::vector<double>{60, 91}));
}

TEST_F(TimeBounds, TimesAtEitherEndOfTheirInterval) {
  for (const std::size_t end : {0, 1}) {
    RawFile file = monthly();
    for (std::size_t m = 0; m < kMonths; ++m) file["time"].values[m] = file["time_bnds"].values[2 * m + end];
    EXPECT_EQ(ends_of(open({file}).times()), kEnds);
    file["time"].type = NC_FLOAT;  // rounded beyond it
    for (double& time : file["time"].values) time += (end ? 1 : -1) * 5e-8 * time;
    EXPECT_EQ(ends_of(open({file}).times()), kEnds);
    EXPECT_EQ(warnings, "");
  }
}

TEST_F(TimeBounds, FilesThatCountFromDatesOfTheirOwnInAnyOrder) {
  const RawFile second = monthly("days since 1999-12-22", 10, 2, 2),
                first = monthly("days since 2000-01-01", 0, 0, 2);
  const CfSource source = open({second, first});
  EXPECT_EQ(source.times().units, "days since 2000-01-16 00:00:00");
  const std::vector<double> ends = ends_of(source.times());
  ASSERT_EQ(ends.size(), kEnds.size());
  for (std::size_t i = 0; i < ends.size(); ++i) EXPECT_DOUBLE_EQ(ends[i], kEnds[i] - 15);
  EXPECT_DOUBLE_EQ(source.times()[0].time, 0.5);
  EXPECT_EQ(ends_of(open({monthly("days since 2000-01-01", 0, 2, 2), first}).times()), kEnds);
}

TEST_F(TimeBounds, SeriesWithBoundsInSomeFilesOnly) {
  RawFile bare = monthly("days since 2000-01-01", 0, 2, 2);
  bare["time"].texts.erase("bounds");
  expect_left_out({monthly("days since 2000-01-01", 0, 0, 2), bare},
                  {"LR files", "f0.nc has time bounds", "f1.nc has none"});
  const CfSource source = open({bare});
  EXPECT_FALSE(source.times().has_intervals());
  EXPECT_EQ(warnings, "");
  RawFile empty = monthly("days since 2000-01-01", 0, 0, 0);  // no steps, no say
  empty["time"].texts.erase("bounds");
  EXPECT_EQ(ends_of(open({empty, monthly()}).times()), kEnds);
}

TEST_F(TimeBounds, WrongOnes) {
  const auto changed = [](const std::function<void(RawFile&)>& change) {
    RawFile file = monthly();
    change(file);
    return std::vector{file};
  };
  const std::string where = "f0.nc: time 'time' has wrong bounds 'time_bnds'",
                    cure = "ncatted -a bounds,time,d,,";
  expect_left_out(changed([](RawFile& f) { f["time_bnds"].values[2] = 46; }),
                  {where, "step 2 at 45.5 has 46 to 60", "do not contain it", cure});
  expect_left_out(changed([](RawFile& f) { f["time_bnds"].values[7] = 90; }),
                  {where, "step 4 at 106 has 91 to 90"});
  expect_left_out(changed([](RawFile& f) {
                    for (std::size_t m = 0; m < kMonths; ++m)
                      std::swap(f["time_bnds"].values[2 * m], f["time_bnds"].values[2 * m + 1]);
                  }),
                  {where, "step 1 at 15.5 has 31 to 0", "decrease"});
  expect_left_out(changed([](RawFile& f) { f["time_bnds"].values[4] = 30; }),
                  {where, "step 3 at 75.5 has 30 to 91", "before the 31 to 60"});
  for (const double missing : {std::nan(""), 9.969209968386869e36})
    expect_left_out(changed([&](RawFile& f) { f["time_bnds"].values[5] = missing; }),
                    {where, "step 3", "missing"});
  expect_left_out(changed([](RawFile& f) {
                    f.dims.emplace_back("other", 3);
                    f["time_bnds"].dims[0] = "other", f["time_bnds"].values.resize(6);
                  }),
                  {where, "(other = 3, two = 2)", "(time = 4, 2)"});
  expect_left_out(
      changed([](RawFile& f) { f["time_bnds"].dims[1] = "four", f["time_bnds"].values.resize(16); }),
      {where, "(time = 4, four = 4)"});
  expect_left_out(changed([](RawFile& f) { f["time_bnds"].texts["units"] = "hours since 2000-01-01"; }),
                  {where, "units are 'hours since 2000-01-01'", "days since 2000-01-01"});
  expect_left_out(changed([](RawFile& f) { f["time"].texts["bounds"] = "absent"; }),
                  {"'absent'", "does not hold"});
  // One warning of many such files; units that are given, but the same, are none.
  RawFile first = monthly("days since 2000-01-01", 0, 0, 2),
          second = monthly("days since 2000-01-01", 0, 2, 2);
  first["time_bnds"].values[1] = second["time_bnds"].values[1] = -1;
  expect_left_out({first, second}, {where});
  EXPECT_EQ(ends_of(open(changed([](RawFile& f) {
                      f["time_bnds"].texts["units"] = f["time"].texts["units"];
                    })).times()),
            kEnds);
}

TEST_F(TimeBounds, PackedTimes) {
  const auto packed = [](const std::string& name, double scale, double offset, nc_type type, RawFile& file) {
    for (double& v : file[name].values) v = (v - offset) / scale;
    file[name].type = type;
    if (scale != 1) file[name].numbers["scale_factor"] = scale;
    if (offset != 0) file[name].numbers["add_offset"] = offset;
  };
  RawFile file = monthly();
  packed("time", 0.5, 30, NC_SHORT, file);
  EXPECT_EQ(ends_of(open({file}).times()), kEnds);  // bounds of double hold days
  RawFile own = file;
  packed("time_bnds", 0.25, 10, NC_INT, own);
  EXPECT_EQ(ends_of(open({own}).times()), kEnds);
  packed("time_bnds", 0.5, 30, NC_SHORT, file);
  file["time_bnds"].numbers.clear();  // packed as the time is
  const CfSource source = open({file});
  EXPECT_EQ(ends_of(source.times()), kEnds);
  EXPECT_EQ(source.times().values(), (std::vector<double>{15.5, 45.5, 75.5, 106}));
  EXPECT_EQ(warnings, "");
}

TEST_F(TimeBounds, MissingTimesAreRefused) {
  for (const char* attribute : {"_FillValue", "missing_value", ""}) {  // the library's default
    RawFile file = monthly("seconds since 1970-01-01");
    file["time"].texts.erase("bounds");
    file["time"].type = NC_INT;
    file["time"].values[2] = *attribute ? -2147483648.0 : NC_FILL_INT;
    if (*attribute) file["time"].numbers[attribute] = -2147483648.0;
    expect_error(ExitCode::data, {"f0.nc", "'time'", "is missing or no time"}, [&] { open({file}); });
  }
  RawFile file = monthly();  // bounds of one step
  file["time_bnds"].numbers["_FillValue"] = 60;
  expect_left_out({file}, {"step 2", "missing or no times"});
}

TEST_F(TimeBounds, ClimatologiesAreRefused) {
  RawFile file = monthly();
  file["time"].texts.erase("bounds");
  file["time"].texts["climatology"] = "time_bnds";
  expect_error(ExitCode::data,
               {"f0.nc: time 'time'", "climatology", "many years", "ncatted -a climatology,time,d,,"},
               [&] { open({file}); });
}

TEST_F(TimeBounds, VariablesThatShareThem) {
  const auto part = [&](const SampleAxis& axis) {
    const Mesh mesh = Mesh::rectilinear({0, 1}, {0, 1, 2});
    std::vector<float> values(6 * axis.size());
    return std::make_shared<ArraySource>(comm, mesh, axis, values,
                                         std::vector<Variable>{{"f", "", "", "", "", "", {}}});
  };
  const SampleAxis axis = open({monthly()}).times();
  SampleAxis late = axis, bare = axis, same = axis;
  same.units = "days since 1999-12-22";
  for (Sample& s : same.samples) s.time += 10, s.interval = {s.interval->begin + 10, s.interval->end + 10};
  late.samples[1].interval->begin += 1;
  bare.drop_intervals();
  const auto stacked = [&](const SampleAxis& a, const SampleAxis& b) {
    return spoken([&] { return ends_of(Stacked({part(a), part(b), part(a)}).times()); });
  };
  EXPECT_EQ(stacked(axis, same), kEnds);
  EXPECT_EQ(stacked(bare, bare), std::vector<double>{});
  EXPECT_EQ(warnings, "");
  for (const auto& [a, b] : {std::pair{axis, late}, {axis, bare}, {bare, axis}}) {
    EXPECT_EQ(stacked(a, b), std::vector<double>{});
    if (comm.is_root()) expect_one_warning({"time bounds"});
  }
}

TEST_F(TimeBounds, WrittenAndReadBack) {
  const SampleAxis axis = open({monthly("hours since 2000-01-01")}).times();
  for (const bool bounded : {true, false}) {
    SampleAxis given = axis;
    if (!bounded) given.drop_intervals();
    const std::string path = scratch / fmt::format("out{}.nc", bounded);
    NetcdfFile file = NetcdfFile::create(comm, path);
    define_samples(file, given);
    file.end_definitions();
    write_samples(comm, file, given);
    file.commit();
    const NetcdfFile back = NetcdfFile::open(comm, path);
    EXPECT_EQ(back.text("time", "bounds").value_or("none"), bounded ? "time_bnds" : "none");
    const SampleAxis read = read_samples(back);
    EXPECT_EQ(read.units, axis.units);
    EXPECT_EQ(read.values(), axis.values());
    EXPECT_EQ(ends_of(read), bounded ? kEnds : std::vector<double>{});
  }
}

TEST_F(TimeBounds, WrittenBesideOthers) {
  const SampleAxis axis = open({monthly()}).times();
  NetcdfFile file = NetcdfFile::create(comm, scratch / "written.nc");
  define_mesh(file, Mesh::rectilinear({0, 1}, {0, 1, 2}));  // has bounds, too
  define_samples(file, axis, 1);
  file.end_definitions();
  write_samples(comm, file, axis);
  file.commit();
  EXPECT_EQ(ends_of(read_samples(NetcdfFile::open(comm, scratch / "written.nc"))), kEnds);
}

TEST_F(TimeBounds, CellMethodsNameWhatEveryFileHas) {
  RawFile file = monthly();
  for (RawVariable& v : file.variables)
    for (std::string& dim : v.dims) dim = dim == "time" ? "time_counter" : dim == "lat" ? "y_lat" : dim;
  file.dims[0].first = "time_counter", file.dims[1].first = "y_lat";
  file["f"].texts["cell_methods"] =
      "y_lat: lon: mean  time_counter: mean (interval: 1 day comment: of y_lat: 2)";
  EXPECT_EQ(open({file}).variables()[0].cell_methods,
            "latitude: longitude: mean time: mean (interval: 1 day comment: of y_lat: 2)");
}

}  // namespace
}  // namespace podscale
