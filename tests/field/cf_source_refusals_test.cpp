// What Series refuses: always on all ranks together, in one line that names the file and the
// reason.
#include <gtest/gtest.h>

#include <fstream>

#include "on_all_ranks.hpp"
#include "podscale/field/cf_source.hpp"
#include "raw_file.hpp"

namespace podscale {
namespace {

class CfSourceRefusals : public test::OnAllRanks {
 protected:
  void refuse(const SampleFile& sample, const std::vector<std::string>& parts,
              const std::string& variable = "") {
    write_sample(comm, scratch / "bad.nc", sample);
    refuse({"bad.nc"}, ExitCode::data, parts, variable);
  }
  void refuse(const std::vector<std::string>& files, ExitCode code, const std::vector<std::string>& parts,
              const std::string& variable = "") {
    CfSpec spec;
    spec.label = "HR";
    spec.variable = variable;
    spec.units = "degC";
    for (const auto& name : files) spec.files.push_back(scratch / name);
    expect_error(code, parts, [&] { CfSource::open(comm, spec); });
  }
};

TEST_F(CfSourceRefusals, MissingFiles) {
  refuse({"nowhere.nc"}, ExitCode::no_input, {"nowhere.nc"});
  refuse({"nothing*.nc"}, ExitCode::no_input, {"HR", "nothing*.nc", "matches"});
  refuse(std::vector<std::string>{}, ExitCode::usage, {"HR", "empty"});
  if (comm.is_root()) std::ofstream(scratch / "text.nc") << "a,b,c\n";
  comm.barrier();
  refuse({"text.nc"}, ExitCode::data, {"text.nc", "not NetCDF"});
}

TEST_F(CfSourceRefusals, Variables) {
  refuse(SampleFile{}, {"bad.nc", "'tos'", "it holds: time, lat, lon, sst"}, "tos");
  SampleFile pressure;
  pressure.units = "Pa";
  refuse(pressure, {"bad.nc", "'sst'", "'Pa'", "degC"});
  SampleFile unnamed;
  unnamed.units = "";
  refuse(unnamed, {"bad.nc", "'sst'", "no units"});
}

TEST_F(CfSourceRefusals, Dimensions) {
  SampleFile levels;
  levels.levels = 3;
  refuse(levels, {"bad.nc", "'sst'", "3 elements along 'depth'", "ncks"}, "sst");
  SampleFile order;
  order.order = {"lat", "lon", "time"};
  refuse(order, {"bad.nc", "(lat, lon, time)", "ncpdq -a time,lat,lon"}, "sst");
  order.order = {"lat", "lon"};
  refuse(order, {"bad.nc", "no time"}, "sst");
  order.order = {"time", "lat"};
  refuse(order, {"bad.nc", "longitude"}, "sst");
  refuse(order, {"bad.nc", "no variable has time, latitude and longitude", "it holds"});
}

TEST_F(CfSourceRefusals, Times) {
  SampleFile twice;
  twice.time = {0, 1, 1};
  refuse(twice, {"bad.nc", "2000-01-02", "step 3"});
  SampleFile none;
  none.time.clear();
  refuse(none, {"bad.nc", "no time at all"});
  SampleFile month;
  month.time_units = "Month";
  refuse(month, {"bad.nc", "'time'", "'Month'"});
  SampleFile maya;
  maya.calendar = "maya";
  refuse(maya, {"bad.nc", "'maya'"});

  write_sample(comm, scratch / "a.nc", SampleFile{});
  SampleFile other;
  other.time_units = "hours since 2000-01-03";
  write_sample(comm, scratch / "b.nc", other);
  refuse({"a.nc", "b.nc"}, ExitCode::data, {"a.nc", "b.nc", "2000-01-03", "once"});
  other.time_units = "days since 2001-01-01";
  other.calendar = "360_day";
  write_sample(comm, scratch / "b.nc", other);
  refuse({"a.nc", "b.nc"}, ExitCode::data, {"b.nc", "360_day", "one calendar", "one calendar at a time"});
  other.calendar = "noleap";
  write_sample(comm, scratch / "b.nc", other);
  refuse({"a.nc", "b.nc"}, ExitCode::data, {"b.nc", "noleap", "cdo setcalendar,standard"});
  // Two names of one calendar, but not before its reform.
  SampleFile old;
  old.time_units = "days since 1500-01-01";
  old.calendar = "proleptic_gregorian";
  write_sample(comm, scratch / "b.nc", old);
  refuse({"a.nc", "b.nc"}, ExitCode::data, {"b.nc", "proleptic_gregorian", "one calendar"});
}

TEST_F(CfSourceRefusals, Grids) {
  SampleFile lat;
  lat.lat = {-2, 0, -1, 1, 2};
  refuse(lat, {"bad.nc", "'lat'", "monotonic"});
  lat.lat = {-2, 0, 50, 99, 120};
  refuse(lat, {"bad.nc", "'lat'", "99"});
  SampleFile lon;
  lon.lon = ramp(0, 60, 8);
  refuse(lon, {"bad.nc", "'lon'", "more than once"});

  write_sample(comm, scratch / "a.nc", SampleFile{});
  SampleFile moved;
  moved.time_units = "days since 2001-01-01";
  moved.lon = ramp(100.5, 1, 8);
  write_sample(comm, scratch / "b.nc", moved);
  refuse({"a.nc", "b.nc"}, ExitCode::data, {"b.nc", "a.nc", "column 0 lies at", "100.5 E", "one mesh"});
  moved.lon = ramp(100, 1, 9);
  write_sample(comm, scratch / "b.nc", moved);
  refuse({"a.nc", "b.nc"}, ExitCode::data, {"b.nc", "5 x 9 points", "expected 5 x 8 points", "one mesh"});
}

TEST_F(CfSourceRefusals, UnstructuredGrids) {
  RawFile icon;
  icon.dims = {{"time", 1}, {"ncells", 4}};
  icon.add({"time", {"time"}, {}, {{"units", "days since 2000-01-01"}}})
      .add({"clat", {"ncells"}, {}, {{"standard_name", "latitude"}}})
      .add({"clon", {"ncells"}, {}, {{"standard_name", "longitude"}}})
      .add({"to", {"time", "ncells"}});
  write_raw(comm, scratch / "icon.nc", icon);
  for (const char* name : {"", "to"})
    refuse({"icon.nc"}, ExitCode::data, {"icon.nc", "'to'", "unstructured", "cdo"}, name);
}

TEST_F(CfSourceRefusals, TracksOfShips) {
  RawFile track;
  track.dims = {{"time", 4}, {"depth", 1}};
  track.add({"time", {"time"}, {}, {{"units", "days since 2000-01-01"}}})
      .add({"latitude", {"time"}})
      .add({"longitude", {"time"}})
      .add({"temp", {"time", "depth"}});
  write_raw(comm, scratch / "track.nc", track);
  refuse({"track.nc"}, ExitCode::data, {"track.nc", "no variable has time, latitude and longitude"});
  refuse({"track.nc"}, ExitCode::data, {"track.nc", "'temp'", "(time, depth)", "latitude"}, "temp");
}

TEST_F(CfSourceRefusals, UnitsThatCannotBeTrue) {
  SampleFile kelvin;
  kelvin.units = "degC";
  kelvin.raw = [](std::size_t, std::size_t, std::size_t) { return 290.0; };
  write_sample(comm, scratch / "k.nc", kelvin);
  CfSpec spec;
  spec.files = {scratch / "k.nc"};
  spec.plausible = {-5, 50};
  const CfSource series = CfSource::open(comm, spec);
  std::vector<float> read(comm.rank() == 0 ? 8 : 0);  // rank 0 alone sees values
  const Window window = comm.rank() == 0 ? Window{0, 1, 0, 8} : Window{};
  expect_error(ExitCode::data, {"k.nc", "'sst'", "290", "units"},
               [&] { series.read(window, std::vector<long>{1}, read); });
}

}  // namespace
}  // namespace podscale
