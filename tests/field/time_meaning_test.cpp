// What files say of their times, beyond bounds: types that cannot hold them, packing, months,
// stamps that the namelist names; means over days and months.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "on_all_ranks.hpp"
#include "podscale/core/error.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/averaged.hpp"
#include "raw_file.hpp"

namespace podscale {
namespace {

class TimeMeaning : public test::OnAllRanks {
 protected:
  CfSpec spec;

  SampleAxis read(const std::vector<double>& times, const std::string& units, nc_type type = NC_DOUBLE,
                  const std::map<std::string, double>& numbers = {}, const std::string& cell_methods = "") {
    const int n = static_cast<int>(times.size());
    RawFile file = RawFile::over_time(times.size(), 2, 3, "lat", "lon");
    file["time"].values = times;
    file["time"].texts = {{"units", units}};
    file["time"].type = type;
    for (const auto& [name, value] : numbers) file["time"].numbers[name] = value;
    file.add({"lat", {"lat"}, {0, 1}, {{"units", "degrees_north"}}});
    file.add({"lon", {"lon"}, {0, 1, 2}, {{"units", "degrees_east"}}});
    file.add({"f", {"time", "lat", "lon"}, ramp(0, 1, 6 * n), {{"units", "degC"}}});
    if (!cell_methods.empty()) file["f"].texts["cell_methods"] = cell_methods;
    spec.label = "LR", spec.files = {scratch / "f.nc"};
    write_raw(comm, spec.files[0], file);
    return CfSource::open(comm, spec).times();
  }
};

TEST_F(TimeMeaning, Float32BecomesTheDaysThatItMeans) {
  std::vector<double> seconds;
  for (int d = 0; d < 40; ++d) seconds.push_back((47892.0 + d) * 86400);  // since 1858: 256 s apart
  for (const nc_type type : {NC_FLOAT, NC_DOUBLE}) {
    std::vector<double> stored = seconds;
    for (double& s : stored) s = static_cast<double>(static_cast<float>(s));  // doubles copied from floats, too
    const SampleAxis axis = read(stored, "seconds since 1858-11-17 00:00:00", type);
    for (std::size_t t = 0; t < axis.size(); ++t) {
      EXPECT_EQ(axis[t].date.second, 0) << t;
      EXPECT_EQ(axis[t].time, seconds[t]);
      ASSERT_TRUE(axis[t].span);
      EXPECT_EQ(axis[t].span->from.day, axis[t].date.day);
    }
  }
}

TEST_F(TimeMeaning, PackedOverTheWholeRangeOfItsType) {
  const int n = 168;
  std::vector<double> days, raw;
  for (int m = 0; m < n; ++m) days.push_back(static_cast<double>(day_number(Calendar::standard, 1990 + m / 12, m % 12 + 1, 15) -
                                                                day_number(Calendar::standard, 1990, 1, 1)));
  const double scale = (days.back() - days.front()) / 65534, offset = (days.back() + days.front()) / 2;
  for (const double day : days) raw.push_back(std::round((day - offset) / scale));
  EXPECT_EQ(raw.front(), -32767);  // the fill value of the type
  const SampleAxis axis =
      read(raw, "days since 1990-01-01", NC_SHORT, {{"scale_factor", scale}, {"add_offset", offset}});
  EXPECT_EQ(axis.values(), days);
}

TEST_F(TimeMeaning, MonthsAndYearsGoOnInDays) {
  const SampleAxis months = read({0.5, 1.5, 2.5}, "months since 1990-01-01");
  EXPECT_EQ(months.units, "days since 1990-01-01 00:00:00");
  EXPECT_EQ(months.values(), (std::vector<double>{15.5, 45, 74.5}));
  const SampleAxis years = read({1992.0, 1992 + 1.0 / 366, 1992 + 2.0 / 366}, "years since 0000-01-01");
  EXPECT_EQ(date_text(years[2].date), "1992-01-03");
  EXPECT_EQ(years.units, "days since 1800-01-01 00:00:00");
}

TEST_F(TimeMeaning, StampsOfTheNamelistAndPoints) {
  const std::vector<double> firsts{31, 59, 90};  // of February, March, April 1990
  const auto first_month = [](const SampleAxis& axis) { return axis[0].span ? axis[0].span->from.month : 0; };
  EXPECT_EQ(first_month(read(firsts, "days since 1990-01-01")), 2);
  EXPECT_EQ(first_month(read(firsts, "days since 1990-01-01", NC_DOUBLE, {}, "time: mean")), 2);
  EXPECT_EQ(first_month(read(firsts, "days since 1990-01-01", NC_DOUBLE, {}, "time: point")), 0);
  spec.stamp = Stamp::end;
  EXPECT_EQ(first_month(read(firsts, "days since 1990-01-01", NC_DOUBLE, {}, "time: point")), 1);
}

/// value(step, point) on 6 points.
std::shared_ptr<const FieldSource> source_of(const Communicator& comm, const SampleAxis& axis, auto value) {
  std::vector<float> values;
  for (std::size_t t = 0; t < axis.size(); ++t)
    for (int p = 0; p < 6; ++p) values.push_back(value(static_cast<int>(t), p));
  return std::make_shared<ArraySource>(comm, Mesh::rectilinear({0, 1}, {0, 1, 2}), axis, values,
                                       std::vector<Variable>{{"f", "", "", "", "", "time: point", {}}});
}
SampleAxis steps(int count, double step) {
  std::vector<double> values;
  for (int t = 0; t < count; ++t) values.push_back(t * step);
  return decode_times(values, "days since 2001-01-01", "", "x");
}
std::vector<float> all_of(const FieldSource& source) {
  std::vector<long> which(source.times().size());
  std::iota(which.begin(), which.end(), 0l);
  std::vector<float> out(6 * which.size());
  source.read({0, 2, 0, 3}, which, out);
  return out;
}

TEST_F(TimeMeaning, MeansOfDays) {
  const Averaged days(source_of(comm, steps(9, 0.25), [](int t, int p) { return static_cast<float>(10 * t + p); }),
                      "day", "data.lr");
  ASSERT_EQ(days.times().size(), 2u);  // one step of the third day is no mean of it
  EXPECT_EQ(date_text(days.times()[1].date), "2001-01-02T12:00:00");
  EXPECT_EQ(days.times()[1].interval->begin, 1);
  EXPECT_EQ(days.times()[1].interval->end, 2);
  EXPECT_EQ(days.variables()[0].cell_methods, "time: mean");
  const std::vector<float> values = all_of(days);
  for (int p = 0; p < 6; ++p) {
    EXPECT_EQ(values[p], static_cast<float>(15 + p));
    EXPECT_EQ(values[6 + p], static_cast<float>(55 + p));
  }
}

TEST_F(TimeMeaning, MeansOfMonthsAndGaps) {
  const Averaged months(source_of(comm, steps(59 + 20, 1),
                                  [](int t, int p) {
                                    const bool gap = (p == 1 && t < 5) || (p == 2 && t % 2 == 0) || p == 3;
                                    return gap ? std::nanf("") : static_cast<float>(t);
                                  }),
                        "month", "data.hr");
  ASSERT_EQ(months.times().size(), 2u);  // 20 days of March are too few
  const std::vector<float> values = all_of(months);
  EXPECT_EQ(values[0], 15.0f);
  EXPECT_EQ(values[1], 17.5f);           // five days missing
  EXPECT_TRUE(std::isnan(values[2]));    // half of them
  EXPECT_TRUE(std::isnan(values[3]));
  EXPECT_EQ(values[6], 44.5f);
  const auto daily = source_of(comm, steps(40, 1), [](int, int) { return 0.0f; });
  expect_error(ExitCode::data, {"steps of 1 day", "data.lr_average"}, [&] {
    same_on_all_ranks([&] { return Averaged(daily, "day", "data.lr"); });
  });
}

}  // namespace
}  // namespace podscale
