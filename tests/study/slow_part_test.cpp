// The running mean that passes one to one: against sums by hand, a constant, a straight line.
#include "podscale/study/slow_part.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "on_all_ranks.hpp"
#include "podscale/field/array_source.hpp"
#include "sample_file.hpp"

namespace podscale {
namespace {

TEST(RunningMean, IsTheMeanOfTheWindow) {
  // Two years around a month: 12 on either side, those at the ends count half.
  std::vector<double> means, counts(120, 1.0);
  for (int m = 0; m < 120; ++m) means.push_back(std::sin(0.9 * m) + 0.01 * m * m);
  const RunningMean running(2, 1000, 1119);
  for (const long month : {12L, 60L, 107L}) {
    double sum = 0;
    for (long m = month - 12; m <= month + 12; ++m)
      sum += means[m] * (std::abs(m - month) == 12 ? 0.5 : 1) / 24;
    EXPECT_NEAR(running.at(1000 + month, 1000, means, counts), sum, 1e-12) << month;
    EXPECT_EQ(running.needs(1000 + month), (std::pair{1000 + month - 12, 1000 + month + 12}));
  }
}

TEST(RunningMean, KeepsAConstantAndAStraightLineToTheEnds) {
  for (const long length : {7L, 24L, 30L, 48L, 200L}) {
    std::vector<double> constant(length, 3.25), line, counts(length, 1.0);
    for (long m = 0; m < length; ++m) line.push_back(0.02 * static_cast<double>(m) - 1);
    counts[length / 2] = 0, line[length / 2] = 1e3;  // a month without values says nothing
    const RunningMean running(2, 0, length - 1);
    for (long m = 0; m < length; ++m) {
      EXPECT_NEAR(running.at(m, 0, constant, counts), 3.25, 1e-12);
      // Of less than two years no slope is taken. The missing month tilts its neighbours' windows.
      const bool near_gap = std::abs(m - length / 2) <= 12 && m >= 12 && m + 12 < length;
      if (length >= 24 && !near_gap) {
        EXPECT_NEAR(running.at(m, 0, line, counts), 0.02 * static_cast<double>(m) - 1, 1e-10)
            << length << " " << m;
      }
    }
  }
  const std::vector<double> none(10, 0.0);
  EXPECT_EQ(RunningMean(2, 0, 9).at(4, 0, none, none), 0);
}

TEST(RunningMean, TakesNothingBeyondWhatItSaysItNeeds) {
  const RunningMean running(2, 0, 199);
  for (const long month : {0L, 3L, 11L, 12L, 100L, 190L, 199L}) {
    const auto [first, last] = running.needs(month);
    std::vector<double> means(200), counts(200, 1.0);
    for (int m = 0; m < 200; ++m) means[m] = std::cos(0.37 * m) + 0.01 * m;
    const double found = running.at(month, 0, means, counts);
    for (long m = 0; m < 200; ++m)
      if (m < first || m > last) means[m] = 1e6;
    EXPECT_EQ(running.at(month, 0, means, counts), found);
  }
}

class Slow : public test::OnAllRanks {
 protected:
  static constexpr long kNy = 5, kNx = 4, kPoints = kNy * kNx;
  using Value = std::function<double(double year, long point)>;
  std::shared_ptr<const FieldSource> source(const std::vector<double>& days, const std::string& calendar,
                                            const Value& value) {
    SampleAxis axis = decode_times(days, "days since 2000-01-01", calendar, "test");
    std::vector<float> values;
    for (const double day : days)
      for (long p = 0; p < kPoints; ++p) values.push_back(static_cast<float>(value(day / 360, p)));
    return std::make_shared<const ArraySource>(comm, Mesh::rectilinear(ramp(-4, 2, kNy), ramp(15, 2, kNx)),
                                               std::move(axis), std::move(values));
  }
  static std::vector<long> all(const FieldSource& lr) {
    std::vector<long> steps(lr.times().size());
    for (std::size_t t = 0; t < steps.size(); ++t) steps[t] = static_cast<long>(t);
    return steps;
  }
  const std::vector<unsigned char> cells{std::vector<unsigned char>(kPoints, 1)};
  const Climatology none{0, kPoints, std::vector<double>(kPoints, 0.0)};
};

TEST_F(Slow, IsTheSameForAnyStepsAndAnyNumberOfRanks) {
  std::vector<double> days;
  for (int m = 0; m < 12 * 12; ++m) days.push_back(15 + 30 * m);
  const auto lr = source(days, "360_day", [](double year, long p) {
    return 0.1 * year + std::sin(5 * year + static_cast<double>(p)) + static_cast<double>(p);
  });
  const SlowPart whole(*lr, cells, none, {}, 3, all(*lr));
  for (const std::vector<long>& some : {std::vector<long>{0}, {70, 71}, {143}}) {
    const SlowPart part(*lr, cells, none, {}, 3, some);
    for (const long step : some)
      for (std::size_t p = 0; p < kPoints; ++p)
        EXPECT_EQ(part.value(part.place(lr->times(), step), p),
                  whole.value(whole.place(lr->times(), step), p));
  }
  // By hand: 18 months on either side.
  std::vector<float> field(kPoints * 37);
  std::vector<long> window;
  for (long t = 52; t <= 88; ++t) window.push_back(t);
  lr->read({0, kNy, 0, kNx}, window, field);
  for (std::size_t p = 0; p < kPoints; ++p) {
    double sum = 0;
    for (std::size_t t = 0; t < 37; ++t)
      sum += static_cast<double>(field[t * kPoints + p]) * (t == 0 || t == 36 ? 0.5 : 1) / 36;
    EXPECT_NEAR(whole.value(whole.place(lr->times(), 70), p), sum, 2e-6);
  }
}

TEST_F(Slow, OfDaysIsLinearBetweenMonthsAndPartsWithAGapAreApart) {
  // Two years of days, a hole of eight years, two more: a constant of each.
  std::vector<double> days;
  for (int d = 0; d < 720; ++d) days.push_back(d);
  for (int d = 0; d < 720; ++d) days.push_back(3600 + d);
  const auto lr = source(days, "360_day", [](double year, long) { return year > 5 ? 4.5 : 1.5; });
  const SlowPart slow(*lr, cells, none, {}, 10, all(*lr));
  for (const long step : {0L, 1L, 400L, 719L})
    EXPECT_FLOAT_EQ(slow.value(slow.place(lr->times(), step), 3), 1.5);
  for (const long step : {720L, 1000L, 1439L})
    EXPECT_FLOAT_EQ(slow.value(slow.place(lr->times(), step), 3), 4.5);
  // A line through twelve years of days stays one, from day to day.
  days.clear();
  for (int d = 0; d < 12 * 360; ++d) days.push_back(d);
  const auto rising = source(days, "360_day", [](double year, long) { return 0.2 * year; });
  const SlowPart line(*rising, cells, none, {}, 10, std::vector<long>{100, 2000, 4000, 4300});
  for (const long step : {100L, 2000L, 4000L, 4300L})
    EXPECT_NEAR(line.value(line.place(rising->times(), step), 0), 0.2 * static_cast<double>(step) / 360, 3e-4)
        << step;
}

}  // namespace
}  // namespace podscale
