#include "podscale/core/age_finder.hpp"

#include <gtest/gtest.h>

#include "podscale/core/intervals.hpp"

using namespace podscale;

namespace {

SampleAxis axis_of(const std::vector<double>& days, const std::string& calendar = "standard") {
  SampleAxis axis = decode_times(days, "days since 2001-02-20", calendar, "test");
  understand(axis);
  return axis;
}

}  // namespace

TEST(AgeFinder, FindsTheStepOfThatAgeWhateverLiesBetween) {
  const SampleAxis axis = axis_of({0, 1, 2, 4, 5, 6});  // day 3 is missing
  const AgeFinder finder(axis);
  EXPECT_EQ(finder.find(axis, 5, 1), 4);
  EXPECT_EQ(finder.find(axis, 5, 2), 3);
  EXPECT_EQ(finder.find(axis, 5, 3), std::nullopt);  // the missing day, not its neighbour
  EXPECT_EQ(finder.find(axis, 5, 6), 0);
  EXPECT_EQ(finder.find(axis, 5, 7), std::nullopt);  // before the series
}

TEST(AgeFinder, HalfAStepIsNear) {
  const SampleAxis analyses = axis_of({0, 1, 2, 3}), times = axis_of({0.25, 1.25, 2.25, 3.25});
  const AgeFinder finder(analyses);
  EXPECT_EQ(finder.find(times, 3, 2), 1);
  EXPECT_EQ(finder.find(times, 3, 0.25), 3);
}

TEST(AgeFinder, OtherCalendarsMeetByDate) {
  const SampleAxis real = axis_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});  // 20 February to 1 March
  const SampleAxis model = axis_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "360_day");
  const AgeFinder finder(real);
  EXPECT_EQ(finder.find(model, 4, 1), 3);   // 24 February
  EXPECT_EQ(finder.find(model, 10, 1), 7);  // the 30th is the 28th
}
