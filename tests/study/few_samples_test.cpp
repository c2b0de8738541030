// What few training times can carry, and LR values far outside of them.
#include "podscale/study/few_samples.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "podscale/field/array_source.hpp"
#include "podscale/study/outside_training.hpp"
#include "sample_file.hpp"
#include "synthetic.hpp"

namespace podscale {
namespace {

/// Series of four points whose values do not matter, at these times.
StudySeries series_at(const Communicator& comm, const std::vector<double>& days) {
  const auto source = std::make_shared<const ArraySource>(
      comm, Mesh::rectilinear({30, 31}, {-40, -39}),
      decode_times(days, "days since 2001-01-01", "noleap", "test"), std::vector<float>(4 * days.size()));
  return {source, source};
}

/// As lowered for `count` times, `step` days apart.
BasisOptions lowered(long count, double step, BasisOptions asked) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  std::vector<double> days;
  std::vector<StepPair> pairs;
  for (long t = 0; t < count; ++t) {
    days.push_back(step * (static_cast<double>(t) + 0.5));
    pairs.push_back({t, t});
  }
  return carried_by(asked, series_at(comm, days), pairs);
}

BasisOptions asking(int harmonics, int modes) {
  BasisOptions options;
  options.harmonics = harmonics;
  options.modes = modes;
  return options;
}

TEST(FewSamples, OneOrTwoTimesAreRefused) {
  for (const long count : {1, 2})
    expect_error(ExitCode::data, {"data.train", std::to_string(count) + " time", "longer"},
                 [&] { lowered(count, 30, asking(0, 1)); });
  EXPECT_EQ(lowered(3, 30, asking(0, 16)).modes, 1);
}

TEST(FewSamples, HarmonicsNeedAYearAndFourTimesACoefficient) {
  struct Case {
    long times;
    double step;
    int asked, left;
  };
  for (const Case& c : {Case{8, 30.4, 2, 0},  // eight months
                        {12, 30.4, 2, 1},     // 3 of 12 coefficients, not 5
                        {20, 30.4, 2, 2},     //
                        {7, 1, 2, 0},         // a week
                        {183, 1, 2, 0},       // half a year of days
                        {243, 1, 2, 1},       // eight months of days: 4.0 times the error with two
                        {274, 1, 2, 2},       // nine
                        {365, 1, 4, 4}})
    EXPECT_EQ(lowered(c.times, c.step, asking(c.asked, 1)).harmonics, c.left) << c.times;
}

TEST(FewSamples, ASeasonOfManyYearsKeepsItsHarmonics) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  std::vector<double> days;
  std::vector<StepPair> pairs;
  for (int year = 0; year < 3; ++year)
    for (int day = 0; day < 59; ++day) {
      pairs.push_back({std::ssize(days), std::ssize(days)});
      days.push_back(365 * year + day + 0.5);
    }
  EXPECT_EQ(carried_by(asking(1, 8), series_at(comm, days), pairs).harmonics, 1);
  pairs.resize(59);
  EXPECT_EQ(carried_by(asking(1, 8), series_at(comm, days), pairs).harmonics, 0);
}

TEST(FewSamples, ModesAreHalfOfTheTimesThatTheClimatologyLeaves) {
  EXPECT_EQ(lowered(8, 30.4, asking(2, 16)).modes, 3);   // of 8 - 1
  EXPECT_EQ(lowered(24, 30.4, asking(2, 16)).modes, 9);  // of 24 - 5
  EXPECT_EQ(lowered(24, 30.4, asking(2, 9)).modes, 9);
  EXPECT_EQ(lowered(204, 30.4, asking(2, 16)).modes, 16);
  BasisOptions shared = asking(2, 16);
  shared.shared = true;
  EXPECT_EQ(lowered(24, 30.4, shared).modes, 16);
}

TEST(FewSamples, AnInflationOfAHundredIsRefused) {
  Calibration c;
  for (const double fine : {1.0, 9.9, 11.0, 99.0}) {
    c.largest = fine;
    EXPECT_NO_THROW(judge_inflation(c, 8, 6)) << fine;
  }
  for (const double absurd : {101.0, 6e13}) {
    c.largest = absurd;
    expect_error(ExitCode::data, {"8 training times", "6 modes"}, [&] { judge_inflation(c, 8, 6); });
  }
}

TEST(FewSamples, TheInflationJudgedIsThatOfWhatMakesTheError) {
  const Communicator self = Communicator::self();
  LevelSums sums(1, 1);
  sums.add(LevelSums::global, 0, 50, 10);
  sums.add_mode(0, 0, 50, 40);
  sums.add(LevelSums::truncation, 0, 0.5, 1e-9);  // 5e8 times, of next to nothing
  EXPECT_DOUBLE_EQ(sums.judged(self, 1).second, 5);
  sums.add(LevelSums::truncation, 0, 19.5, 0);
  EXPECT_NEAR(sums.judged(self, 1).second, 2e10, 100);
}

TEST(OutsideTraining, CountsTimesAndCellsAndNamesTheLargest) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);  // anomalies up to 6, standard deviation 2: far is beyond 12
  const SampleAxis axis = decode_times({0, 1, 2}, "days since 2001-01-01", "noleap", "test");
  const Predictors& predictors = study.base.predictors;
  const std::size_t width = study.space.condition_width(), local = study.basis.patches.mine.size();
  const idx_t here = 5, there = 6;  // of the LR mesh
  const auto text = [&](float value, float other) {
    std::vector<float> condition(3 * local * width, 11.9f);
    for (std::size_t p = 0; p < local; ++p)
      for (idx_t i = 0; i < predictors.cells.slots(); ++i)
        if (const idx_t cell = predictors.cells.cells()(static_cast<idx_t>(p), i); cell >= 0) {
          float* row = condition.data() + p * width + static_cast<std::size_t>(i);
          if (predictors.cells.point(cell) == here) row[local * width] = value;
          if (predictors.cells.point(cell) == there) row[2 * local * width] = other;
        }
    for (std::size_t p = 0; p < local; ++p)  // slots without a cell are 0 in a file
      for (idx_t i = 0; i < predictors.cells.slots(); ++i)
        for (std::size_t t = 0; t < 3; ++t)
          if (predictors.cells.cells()(static_cast<idx_t>(p), i) < 0)
            condition[(t * local + p) * width + static_cast<std::size_t>(i)] = 0;
    OutsideTraining outside(study.space);
    outside.add(std::vector<std::size_t>{0}, std::span(condition).first(local * width));
    outside.add(std::vector<std::size_t>{1, 2}, std::span(condition).subspan(local * width));
    return outside.text(comm, axis, "tos in lr.nc");
  };
  EXPECT_EQ(text(1, -11.9f), "");
  const std::string one = text(-35, 11.9f), two = text(-35, 40);
  EXPECT_NE(one.find("tos in lr.nc: 1 of 3 times"), std::string::npos) << one;
  EXPECT_NE(one.find(" 1 LR cells; the largest is -35, 2001-01-02"), std::string::npos) << one;
  EXPECT_NE(one.find("those of data.train reach 6"), std::string::npos) << one;
  EXPECT_NE(two.find("2 of 3 times"), std::string::npos) << two;
  EXPECT_NE(two.find(" 2 LR cells; the largest is 40, 2001-01-03"), std::string::npos) << two;
}

}  // namespace
}  // namespace podscale
