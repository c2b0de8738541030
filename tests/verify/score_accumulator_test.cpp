#include "podscale/verify/score_accumulator.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/verify/score_table.hpp"

namespace podscale {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr long times = 13, ny = 12, nx = 15, points = ny * nx, members = 5;

Mesh test_grid() {
  std::vector<double> lat, lon;
  for (long j = 0; j < ny; ++j) lat.push_back(-40 + 2.0 * static_cast<double>(j));
  for (long i = 0; i < nx; ++i) lon.push_back(150 + 2.0 * static_cast<double>(i));
  return Mesh::rectilinear(lat, lon);
}

// A period with land, clouds that move and a truth that the forecast knows up to noise.
struct Case {
  std::vector<unsigned char> ocean = std::vector<unsigned char>(points, 1);
  CounterRandom random{5, Stream::test};
  Case() {
    for (long i = 0; i < points; i += 11) ocean[i] = 0;
  }
  std::vector<float> noise(long time, std::uint32_t what, std::size_t n = points) const {
    std::vector<float> values(n);
    random.fill_normal(std::span<float>(values), static_cast<std::uint32_t>(time), what);
    return values;
  }
  void add(ScoreAccumulator& scores, long time) const {
    std::vector<float> truth = noise(time, 1), mean = noise(time, 2), variance(points),
                       climatology(points, 0.1f);
    std::vector<float> all = noise(time, 3, members * points);
    for (long i = 0; i < points; ++i) {
      mean[i] = truth[i] + 0.5f * mean[i];
      variance[i] = 0.25f;
      for (long m = 0; m < members; ++m) all[m * points + i] = mean[i] + 0.5f * all[m * points + i];
      if (!ocean[i]) truth[i] = mean[i] = variance[i] = nan;
    }
    truth[(7 * time + 3) % points] = nan;
    const Forecast forecasts[] = {{mean, variance, all}, {climatology, {}, {}}};
    scores.add(time, forecasts, truth, climatology);
  }
};

ScoreAccumulator make(const Case& test) {
  return {test_grid(),
          test.ocean,
          {{"podscale", "the product", true, true, members}, {"climatology", "HR climatology"}},
          times,
          6.0,
          "degC",
          SsimWindow{3}};
}

bool same_bits(const Scores& a, const Scores& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

TEST(ScoreAccumulator, SameBitsAtAnyNumberOfRanks) {
  const Communicator world = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Case test;
  ScoreAccumulator alone = make(test), together = make(test);
  for (long t = 0; t < times; ++t) test.add(alone, t);
  const Share mine = share_of(times, world.size(), world.rank());
  for (long t = mine.begin; t < mine.end; ++t) test.add(together, t);
  alone.reduce(self);
  together.reduce(world);
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_TRUE(same_bits(alone.total(s), together.total(s)));
    for (long t = 0; t < times; ++t) {
      const FieldSums a = alone.sums_at(t, s), b = together.sums_at(t, s);
      EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
    }
    for (long i = 0; i < points; ++i) {
      if (!test.ocean[i]) {
        EXPECT_TRUE(std::isnan(together.maps(s).rmse[i]));
        continue;
      }
      EXPECT_NEAR(alone.maps(s).rmse[i], together.maps(s).rmse[i], 1e-13);
      EXPECT_NEAR(alone.maps(s).bias[i], together.maps(s).bias[i], 1e-13);
    }
  }
  EXPECT_EQ(score_table(alone, "now"), score_table(together, "now"));
}

TEST(ScoreAccumulator, TotalsAndMapsAgree) {
  const Communicator self = Communicator::self();
  const Case test;
  ScoreAccumulator scores = make(test);
  for (long t = 0; t < times; ++t) test.add(scores, t);
  scores.reduce(self);
  const Scores x = scores.total(0);
  EXPECT_NEAR(x.rmse, 0.5, 0.03);
  EXPECT_NEAR(x.error_over_variance, 1, 0.1);
  EXPECT_NEAR(x.coverage[2], 0.9, 0.03);
  EXPECT_NEAR(x.fair_crps, x.crps, 0.02);
  EXPECT_NEAR(x.spread, 0.5 * std::sqrt(6.0 / 5.0), 1e-6);
  EXPECT_TRUE(std::isfinite(x.ssim));
  EXPECT_NEAR(scores.maps(0).deviation[1], 0.5, 1e-12);
  EXPECT_TRUE(std::isnan(scores.maps(0).rmse[0]));  // land
  double points_seen = 0;
  for (long t = 0; t < times; ++t) points_seen += scores.at(t, 0).points;
  EXPECT_EQ(points_seen, x.points);
  EXPECT_TRUE(std::isnan(scores.total(1).anomaly_correlation));
}

TEST(ScoreTable, DashesAndNotes) {
  const Communicator self = Communicator::self();
  const Case test;
  ScoreAccumulator scores = make(test);
  for (long t = 0; t < times; ++t) test.add(scores, t);
  scores.reduce(self);
  const std::string table = score_table(scores, "2010-01-01 to 2010-01-13");
  EXPECT_NE(table.find("podscale"), std::string::npos);
  EXPECT_NE(table.find("M = 5 members"), std::string::npos);
  EXPECT_EQ(table.find("nan"), std::string::npos);
  std::size_t width = 0;
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = table.find('\n', begin);
    width = std::max(width, end - begin);
    begin = end + 1;
  }
  EXPECT_LE(width, 120u) << table;
}

TEST(ScoreTable, UnitsOfTheProduct) {
  const Communicator self = Communicator::self();
  const Case test;
  const auto table_of = [&](double range, const std::string& units) {
    ScoreAccumulator scores(test_grid(), test.ocean,
                            {{"podscale", "the product", true, true, members}, {"climatology", "c"}}, times,
                            range, units, SsimWindow{3});
    for (long t = 0; t < times; ++t) test.add(scores, t);
    scores.reduce(self);
    return score_table(scores, "now");
  };
  const std::string kelvin = table_of(6, "degC"), salt = table_of(6, "1e-3"),
                    flux = table_of(2e-5, "kg m-2 s-1");
  EXPECT_NE(kelvin.find("data range 6.00 K"), std::string::npos) << kelvin;
  EXPECT_EQ(kelvin.find("degC"), std::string::npos);
  EXPECT_NE(salt.find("   1e-3    1e-3     1e-3            1e-3"), std::string::npos) << salt;
  EXPECT_NE(flux.find("*: 1e-6 kg m-2 s-1\n"), std::string::npos) << flux;
  EXPECT_NE(flux.find("data range 20.00 1e-6 kg m-2 s-1"), std::string::npos) << flux;
}

// Positions that repeat others, as the seam of an ocean model does, have no weight: no value
// counts twice.
TEST(ScoreAccumulator, RepeatedPointsCountOnce) {
  constexpr long rows = 6, columns = 42;  // the last two columns are the first two again
  PointTable table;
  for (long j = 0; j < rows; ++j)
    for (long i = 0; i < columns; ++i) {
      table.y.push_back(10 + 5.0 * static_cast<double>(j) + 0.5 * static_cast<double>(i % 40 % 2));
      table.x.push_back(std::remainder(9.0 * static_cast<double>(i % 40), 360.0));
    }
  const Mesh mesh = Mesh::curvilinear(rows, columns, table);
  const std::vector<unsigned char> ocean(rows * columns, 1);
  const std::vector<float> truth(rows * columns, 1.0f), mean(rows * columns, 1.5f);
  ScoreAccumulator scores(mesh, ocean, {{"one", ""}}, 1, 1.0);
  const Forecast forecast{mean, {}, {}};
  scores.add(0, std::span(&forecast, 1), truth, {});
  scores.reduce(Communicator::self());
  EXPECT_EQ(scores.total(0).points, rows * 40);
  EXPECT_NEAR(scores.total(0).rmse, 0.5, 1e-6);
}

TEST(DataRange, OverOceanAndRanks) {
  const Communicator world = Communicator::duplicate(MPI_COMM_WORLD);
  DataRange range;
  const std::vector<unsigned char> ocean = {1, 1, 0, 1};
  const std::vector<float> field = {2, nan, 100, static_cast<float>(3 + world.rank())};
  range.add(ocean, field);
  EXPECT_DOUBLE_EQ(range.reduce(world), world.size());
  EXPECT_EQ(DataRange().reduce(world), 0);
}

}  // namespace
}  // namespace podscale
