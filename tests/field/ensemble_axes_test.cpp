// Realizations, reference times and leads, in the layouts that centres write.
#include <gtest/gtest.h>

#include "podscale/core/error.hpp"
#include "podscale/core/sample_layout.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/field/series_view.hpp"
#include "raw_source.hpp"

namespace podscale {
namespace {

constexpr int kNy = 2, kNx = 3;

/// Dimensions by name and length, then y and x; the value of a point is its place in the file.
RawFile file_of(std::vector<std::pair<std::string, std::size_t>> dims, const std::string& coordinates = "") {
  RawFile file;
  std::vector<std::string> of;
  int n = kNy * kNx;
  for (const auto& [name, size] : dims) of.push_back(name), n *= static_cast<int>(size);
  dims.insert(dims.end(), {{"lat", kNy}, {"lon", kNx}});
  of.insert(of.end(), {"lat", "lon"});
  file.dims = std::move(dims);
  file.add({"lat", {"lat"}, {0, 1}, {{"units", "degrees_north"}}});
  file.add({"lon", {"lon"}, {0, 1, 2}, {{"units", "degrees_east"}}});
  RawVariable f{"f", of, ramp(0, 1, n), {{"units", "degC"}}};
  if (!coordinates.empty()) f.texts["coordinates"] = coordinates;
  file.add(f);
  return file;
}
RawVariable days(const std::string& name, std::vector<std::string> dims, std::vector<double> values,
                 const std::string& standard = "") {
  RawVariable v{name, std::move(dims), std::move(values), {{"units", "days since 2000-01-01"}}};
  if (!standard.empty()) v.texts["standard_name"] = standard;
  return v;
}
RawVariable hours(const std::string& name, std::vector<std::string> dims, std::vector<double> values,
                  const std::string& standard = "") {
  RawVariable v{name, std::move(dims), std::move(values), {{"units", "hours"}}};
  if (!standard.empty()) v.texts["standard_name"] = standard;
  return v;
}

class EnsembleAxes : public test::RawSource {
 protected:
  EnsembleAxes() { spec.several = true; }
  /// "realization/reference day/valid day: first value" of all samples.
  std::vector<std::string> samples(const CfSource& source) {
    std::vector<std::string> lines;
    std::vector<long> steps;
    for (std::size_t t = 0; t < source.times().size(); ++t) steps.push_back(static_cast<long>(t));
    std::vector<float> values(steps.size() * kNy * kNx);
    source.read({0, kNy, 0, kNx}, steps, values);
    for (std::size_t t = 0; t < steps.size(); ++t) {
      const Sample& s = source.times()[t];
      const std::string run =
          s.reference ? fmt::format("{}", 30 * (s.reference->month - 1) + s.reference->day) : "-";
      lines.push_back(
          fmt::format("{}/{}/{}: {}", s.realization, run, s.date.day, values[t * kNy * kNx] / (kNy * kNx)));
    }
    return lines;
  }
  using Lines = std::vector<std::string>;
};

TEST_F(EnsembleAxes, AnAxisOfRealizationsMakesASeriesOfEach) {
  for (const std::string name : {"realization", "member", "ensemble", "number", "ens"}) {
    RawFile file = file_of({{"time", 2}, {name, 3}});
    file.add(days("time", {"time"}, {0, 1}));
    file.add({name, {name}, {4, 2, 9}});
    const CfSource source = open(file, name + ".nc");
    EXPECT_EQ(samples(source),
              (Lines{"2/-/1: 1", "2/-/2: 4", "4/-/1: 0", "4/-/2: 3", "9/-/1: 2", "9/-/2: 5"}));
    EXPECT_EQ(strands_of(source.times()).size(), 3u);
    EXPECT_DOUBLE_EQ(source.times().step.days, 1);
  }
}

TEST_F(EnsembleAxes, RealizationsWithoutNumbersCountFromOne) {
  RawFile file = file_of({{"member", 2}, {"time", 2}});
  file.add(days("time", {"time"}, {0, 1}));
  EXPECT_EQ(samples(open(file)), (Lines{"1/-/1: 0", "1/-/2: 1", "2/-/1: 2", "2/-/2: 3"}));
  // By standard_name, whatever its name.
  RawFile named = file_of({{"k", 2}, {"time", 1}});
  named.add(days("time", {"time"}, {0}));
  named.add({"k", {"k"}, {7, 8}, {{"standard_name", "realization"}}});
  EXPECT_EQ(samples(open(named, "b.nc")), (Lines{"7/-/1: 0", "8/-/1: 1"}));
}

TEST_F(EnsembleAxes, AnotherAxisIsStillRefused) {
  RawFile file = file_of({{"time", 2}, {"level", 3}});
  file.add(days("time", {"time"}, {0, 1}));
  refuse(file, {"'f'", "3 elements along 'level'"});
}

TEST_F(EnsembleAxes, OneSeriesIsChosenOrRefusedWhereOneIsNeeded) {
  RawFile file = file_of({{"time", 2}, {"realization", 3}});
  file.add(days("time", {"time"}, {0, 1}));
  file.add({"realization", {"realization"}, {1, 2, 3}});
  spec.several = false;
  spec.label = "LR";
  expect_error(ExitCode::data,
               {"LR files", "'f' holds 3 series", "realization 1 and realization 2", "data.lr_realization"},
               [&] { open(file); });
  file["realization"].values = {0, 1, 2};
  expect_error(ExitCode::data, {"3 series, realization 0 and realization 1", "ncks -d realization,0"},
               [&] { open(file); });
  for (const char* label : {"HR", "truth", "history"}) {  // no key chooses among theirs
    spec.label = label;
    expect_error(ExitCode::data,
                 {std::string(label) + " files",
                  "expected one: select it in the files first, as in 'ncks -d "
                  "realization,0 in.nc out.nc'"},
                 [&] { open(file); });
  }
  spec.label = "LR";
  file["realization"].values = {1, 2, 3};
  spec.realizations = {2};
  EXPECT_EQ(samples(open(file)), (Lines{"2/-/1: 1", "2/-/2: 4"}));
  spec.realizations = {5};
  expect_error(ExitCode::data, {"no sample", "[5]"}, [&] { open(file); });
}

TEST_F(EnsembleAxes, FilesOfMembersByScalarByAttributeOrByOrder) {
  RawFile file = file_of({{"time", 2}}, "realization");
  file.add(days("time", {"time"}, {0, 1}));
  RawFile plain = file;
  file.add({"realization", {}, {5}, {{"standard_name", "realization"}}});
  write_raw(comm, scratch / "m5.nc", file);
  file["realization"].values = {3};
  write_raw(comm, scratch / "m3.nc", file);
  spec.files = {scratch / "m5.nc", scratch / "m3.nc"};
  EXPECT_EQ(samples(CfSource::open(comm, spec)), (Lines{"3/-/1: 0", "3/-/2: 1", "5/-/1: 0", "5/-/2: 1"}));

  // Nothing tells them apart: said, with the key that does.
  plain["f"].texts.erase("coordinates");
  for (const char* name : {"a.nc", "b.nc"}) write_raw(comm, scratch / name, plain);
  spec.files = {scratch / "b.nc", scratch / "a.nc"};
  expect_error(ExitCode::data, {"2000-01-01", "occurs in", "data.lr_members = 'files'"},
               [&] { CfSource::open(comm, spec); });
  spec.member_files = true;
  EXPECT_EQ(samples(CfSource::open(comm, spec)), (Lines{"1/-/1: 0", "1/-/2: 1", "2/-/1: 0", "2/-/2: 1"}));
}

TEST_F(EnsembleAxes, RunsAndLeadsInOneFileWithComputedValidTimes) {
  RawFile file = file_of({{"reftime", 2}, {"step", 3}});
  file.add(days("reftime", {"reftime"}, {0, 1}));
  file.add(hours("step", {"step"}, {24, 48, 72}));
  const CfSource source = open(file);
  const Lines expected{"0/1/2: 0", "0/1/3: 1", "0/1/4: 2", "0/2/3: 3", "0/2/4: 4", "0/2/5: 5"};
  EXPECT_EQ(samples(source), expected);
  const auto strands = strands_of(source.times());
  ASSERT_EQ(strands.size(), 2u);
  EXPECT_EQ(strand_text(strands[1]), "run of " + date_text({2000, 1, 2, 0}));
  spec.leads = {1, 2};
  EXPECT_EQ(samples(open(file, "b.nc")), (Lines{"0/1/2: 0", "0/1/3: 1", "0/2/3: 3", "0/2/4: 4"}));
  // A lead alone: each valid time once, one series, which may train.
  spec.leads = {2, 2}, spec.several = false;
  EXPECT_EQ(samples(open(file, "c.nc")), (Lines{"0/1/3: 1", "0/2/4: 4"}));
}

TEST_F(EnsembleAxes, ValidTimesOfTwoDimensionsCountBeforeLeads) {
  for (const std::string name : {"valid_time", "time"}) {
    // cfgrib: time(time) is the beginning of a run; THREDDS: time(reftime, time).
    const std::string run = name == "time" ? "reftime" : "time", step = name == "time" ? "time" : "step";
    RawFile file = file_of({{"number", 2}, {run, 2}, {step, 2}});
    file.add(days(run, {run}, {0, 1}, "forecast_reference_time"));
    file.add({"number", {"number"}, {0, 1}, {{"standard_name", "realization"}}});
    file.add(days(name, {run, step}, {1, 2, 2, NAN}, "time"));
    EXPECT_EQ(samples(open(file, name + ".nc")),
              (Lines{"0/1/2: 0", "0/1/3: 1", "0/2/3: 2", "1/1/2: 4", "1/1/3: 5", "1/2/3: 6"}));
  }
}

TEST_F(EnsembleAxes, StartAndLeadInMonthsAreCalendarMonths) {
  RawFile file = file_of({{"time", 2}, {"lead", 2}});
  file.add(days("time", {"time"}, {0, 31}));
  RawVariable lead{"lead", {"lead"}, {0, 1}, {{"units", "months"}}};
  file.add(lead);
  const CfSource source = open(file);
  Lines dates;
  for (const Sample& s : source.times().samples) dates.push_back(date_text(s.date).substr(0, 10));
  EXPECT_EQ(dates, (Lines{"2000-01-01", "2000-02-01", "2000-02-01", "2000-03-01"}));
}

TEST_F(EnsembleAxes, OneFileARun) {
  // GHRSST, NEMO and CMEMS: time, and a scalar that says when the run began.
  for (const double run : {0.0, 2.0}) {
    RawFile file = file_of({{"time", 4}}, "forecast_reference_time");
    file.add(days("time", {"time"}, {run + 1, run + 2, run + 3, run + 4}, "time"));
    file.add(days("forecast_reference_time", {}, {run}, "forecast_reference_time"));
    write_raw(comm, scratch / fmt::format("run{}.nc", run), file);
  }
  spec.files = {scratch / "run2.nc", scratch / "run0.nc"};
  EXPECT_EQ(samples(CfSource::open(comm, spec)), (Lines{"0/1/2: 0", "0/1/3: 1", "0/1/4: 2", "0/1/5: 3",
                                                        "0/3/4: 0", "0/3/5: 1", "0/3/6: 2", "0/3/7: 3"}));
  // The first two leads of each follow one another: one series.
  spec.leads = {1, 2};
  const CfSource joined = CfSource::open(comm, spec);
  EXPECT_EQ(samples(joined), (Lines{"0/1/2: 0", "0/1/3: 1", "0/3/4: 0", "0/3/5: 1"}));
  EXPECT_EQ(strands_of(joined.times()).size(), 1u);
}

TEST_F(EnsembleAxes, ARunAlongItsLead) {
  // cfgrib of one run: time is a scalar, step the axis; without valid_time it is computed.
  RawFile file = file_of({{"step", 2}}, "time");
  file.add(days("time", {}, {3}, "forecast_reference_time"));
  file.add(hours("step", {"step"}, {24, 48}, "forecast_period"));
  EXPECT_EQ(samples(open(file)), (Lines{"0/4/5: 0", "0/4/6: 1"}));
  file.variables.pop_back();
  file.variables.pop_back();
  file["f"].texts.erase("coordinates");
  file.add(hours("step", {"step"}, {24, 48}, "forecast_period"));
  refuse(file, {"lead 'step'", "forecast_reference_time"});
}

TEST_F(EnsembleAxes, ReferenceAlongTimeByLeadOrByAttribute) {
  RawFile file = file_of({{"time", 3}});
  file.add(days("time", {"time"}, {4, 5, 6}, "time"));
  RawFile iris = file, lead = file, wgrib = file;
  iris.add(days("forecast_reference_time", {"time"}, {3, 4, 5}, "forecast_reference_time"));
  EXPECT_EQ(samples(open(iris)), (Lines{"0/4/5: 0", "0/5/6: 1", "0/6/7: 2"}));
  lead.add(hours("forecast_period", {"time"}, {24, 48, 72}, "forecast_period"));
  EXPECT_EQ(samples(open(lead, "b.nc")), (Lines{"0/4/5: 0", "0/4/6: 1", "0/4/7: 2"}));
  wgrib["time"].numbers["reference_time"] = 3;
  EXPECT_EQ(samples(open(wgrib, "c.nc")), (Lines{"0/4/5: 0", "0/4/6: 1", "0/4/7: 2"}));
}

TEST_F(EnsembleAxes, AnalysesAlongTheirReferenceTimeAreASeries) {
  RawFile file = file_of({{"reftime", 3}});
  file.add(days("reftime", {"reftime"}, {0, 1, 2}));
  spec.several = false;
  const CfSource source = open(file);
  EXPECT_EQ(source.times().size(), 3u);
  EXPECT_EQ(source.times()[2].date.day, 3);
}

TEST_F(EnsembleAxes, TheMeanOfRealizationsIsASeries) {
  RawFile file = file_of({{"time", 2}, {"realization", 3}});
  file.add(days("time", {"time"}, {0, 1}));
  const auto source = std::make_shared<const CfSource>(open(file));
  const auto mean = ensemble_mean(source);
  ASSERT_EQ(mean->times().size(), 2u);
  std::vector<float> values(2 * kNy * kNx);
  const long steps[] = {0, 1};
  mean->read({0, kNy, 0, kNx}, steps, values);
  for (int p = 0; p < kNy * kNx; ++p) {
    EXPECT_FLOAT_EQ(values[p], static_cast<float>(p + kNy * kNx));
    EXPECT_FLOAT_EQ(values[p + kNy * kNx], static_cast<float>(p + 4 * kNy * kNx));
  }
}

/// What is written along all axes comes back.
TEST_F(EnsembleAxes, LayoutsAreWrittenAndReadBack) {
  for (const bool by_run : {false, true})
    for (const long members : {1L, 2L}) {
      SampleAxis axis = decode_times({1, 2, 3, 2, 3}, "days since 2000-01-01", "standard", "test");
      if (!by_run) axis = subset(axis, std::vector<long>{0, 1, 2});
      for (std::size_t t = 0; t < axis.size(); ++t) {
        axis.samples[t].reference = Date{2000, 1, by_run && t >= 3 ? 2 : 1, 0};
        axis.samples[t].interval = TimeSpan{axis[t].time, axis[t].time + 1};
      }
      SampleAxis all = axis;
      all.samples.clear();
      for (long m = 0; m < members; ++m)
        for (Sample s : axis.samples) {
          s.realization = members > 1 ? m + 3 : 0;
          all.samples.push_back(s);
        }
      const std::string path = scratch / fmt::format("layout{}{}.nc", by_run, members);
      const SampleLayout layout(all);
      EXPECT_EQ(layout.has_runs(), by_run);
      EXPECT_EQ(layout.has_realizations(), members > 1);
      std::vector<std::string> dims = sample_dimensions(layout);
      std::vector<std::size_t> count;
      {
        NetcdfFile file = NetcdfFile::create(comm, path);
        define_samples(file, layout);
        file.define_dimension("lat", kNy);
        file.define_dimension("lon", kNx);
        file.define_variable("lat", NC_DOUBLE, {"lat"});
        file.put_text("lat", "units", "degrees_north");
        file.define_variable("lon", NC_DOUBLE, {"lon"});
        file.put_text("lon", "units", "degrees_east");
        for (const std::string& dim : dims) count.push_back(file.dimension(dim).value_or(0));
        dims.insert(dims.end(), {"lat", "lon"});
        file.define_variable("f", NC_FLOAT, dims, {{}, 0, 1e20});
        file.end_definitions();
        write_samples(comm, file, layout);
        const std::vector<double> places{0, 1, 2};
        const auto put = [&](const char* name, std::size_t n) {
          const std::size_t mine = comm.is_root() ? n : 0;
          file.put(name, {0}, {mine}, std::span(places).first(mine));
        };
        put("lat", kNy), put("lon", kNx);
        file.commit();
      }
      spec.files = {path};
      spec.variable = "f";
      const CfSource back = CfSource::open(comm, spec);
      ASSERT_EQ(back.times().size(), all.size());
      for (std::size_t t = 0; t < all.size(); ++t) {
        const Sample &a = all[t], &b = back.times()[t];
        EXPECT_EQ(a.time, b.time);
        EXPECT_EQ(a.realization, b.realization);
        ASSERT_TRUE(b.reference && b.interval);
        EXPECT_EQ(date_text(*a.reference), date_text(*b.reference));
        EXPECT_EQ(a.interval->begin, b.interval->begin);
        EXPECT_EQ(a.interval->end, b.interval->end);
      }
    }
}

}  // namespace
}  // namespace podscale
