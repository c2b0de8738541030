// Forecasts of the synthetic ocean: their error by lead, and their layouts.
#include "podscale/study/ocean_forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "on_all_ranks.hpp"
#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/study/ocean_file.hpp"
#include "podscale/study/options.hpp"

namespace podscale {
namespace {

class OceanForecastFiles : public test::OnAllRanks {
 protected:
  OceanForecasts asked{.path = scratch / "f.nc",
                       .from = "2000-01-03",
                       .every = 4,
                       .length = 6,
                       .members = 8,
                       .error = 0.8,
                       .growth = 3};
  std::string lr = scratch / "lr.nc";

  void SetUp() override {
    Namelist namelist;
    for (const char* setting : {"ny=32", "nx=48", "first_date=2000-01-01", "last_date=2000-01-31"})
      namelist.set(std::string("ocean.") + setting);
    write_ocean(comm, ocean_spec(OceanOptions(namelist)), {scratch / "hr.nc", lr, "", "test"});
  }
  /// All steps of a source, whole fields.
  std::vector<float> all(const CfSource& source) {
    std::vector<long> steps;
    for (std::size_t t = 0; t < source.times().size(); ++t) steps.push_back(static_cast<long>(t));
    std::vector<float> values(steps.size() * static_cast<std::size_t>(source.mesh().points()));
    source.read({0, source.mesh().ny(), 0, source.mesh().nx()}, steps, values);
    return values;
  }
  CfSource open(const std::vector<std::string>& files) {
    CfSpec spec{"LR", files, "tos", "", "", {}};
    spec.several = true;
    return CfSource::open(comm, spec);
  }
};

TEST_F(OceanForecastFiles, TheErrorGrowsAsAsked) {
  write_ocean_forecasts(comm, lr, "tos", asked, "test");
  const CfSource truth = open({lr}), runs = open({asked.path});
  const std::vector<float> of_truth = all(truth), of_runs = all(runs);
  const std::size_t n = static_cast<std::size_t>(truth.mesh().points());
  std::map<long, std::pair<double, long>> squares;
  for (std::size_t t = 0; t < runs.times().size(); ++t) {
    const Sample& s = runs.times()[t];
    const long lead = std::lround(lead_days(runs.times().calendar, s).value());
    const auto step = static_cast<std::size_t>(s.date.day - 1);
    for (std::size_t i = 0; i < n; ++i) {
      const double error =
          static_cast<double>(of_runs[t * n + i]) - static_cast<double>(of_truth[step * n + i]);
      if (!std::isnan(error)) squares[lead].first += error * error, ++squares[lead].second;
    }
  }
  ASSERT_EQ(squares.size(), 6u);
  for (const auto& [lead, sum] : squares) {
    const double expected =
        asked.error * asked.error * (1 - std::exp(-2.0 * static_cast<double>(lead) / asked.growth));
    EXPECT_NEAR(sum.first / static_cast<double>(sum.second) / expected, 1, 0.2) << "lead " << lead;
  }
}

TEST_F(OceanForecastFiles, OneFileARunHoldsTheSame) {
  asked.members = 3;
  write_ocean_forecasts(comm, lr, "tos", asked, "test");
  OceanForecasts each = asked;
  each.path = scratch / "run_YYYYMMDD.nc";
  const auto paths = write_ocean_forecasts(comm, lr, "tos", each, "test");
  ASSERT_EQ(paths.size(), 6u);
  EXPECT_EQ(paths, ocean_forecast_paths(each, open({lr}).times()));
  const CfSource one = open({asked.path}), many = open(paths);
  ASSERT_EQ(one.times().size(), many.times().size());
  EXPECT_EQ(strands_of(many.times()).size(), 18u);
  const std::vector<float> a = all(one), b = all(many);
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])));
}

TEST_F(OceanForecastFiles, RunsThatDoNotFitAreRefused) {
  asked.length = 40;
  EXPECT_THROW(write_ocean_forecasts(comm, lr, "tos", asked, "test"), Error);
}

}  // namespace
}  // namespace podscale
