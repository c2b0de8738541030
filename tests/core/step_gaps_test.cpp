#include "podscale/core/step_gaps.hpp"

#include <gtest/gtest.h>

#include "podscale/core/intervals.hpp"

using namespace podscale;

namespace {

SampleAxis days(const std::vector<double>& values, const char* calendar = "standard") {
  SampleAxis axis = decode_times(values, "days since 2000-01-01", calendar, "test");
  understand(axis);
  return axis;
}

TEST(StepGaps, CountsMissingDays) {
  const StepGaps gaps = step_gaps(days({0.5, 1.5, 2.5, 5.5, 6.5, 8.5}));
  EXPECT_EQ(gaps.missing, 3);
  EXPECT_EQ(gaps.gap, 2u);
  EXPECT_TRUE(gaps.even);
}

TEST(StepGaps, CountsMissingMonthsOfAnyLength) {
  EXPECT_EQ(step_gaps(days({15, 45, 75, 136, 166, 197})).missing, 1);  // April
  EXPECT_EQ(step_gaps(days({0, 366, 731, 1096})).missing, 0);
}

TEST(StepGaps, KnowsHoursAndSeriesWithoutAStep) {
  EXPECT_EQ(step_gaps(days({0, 0.25, 0.5, 1})).missing, 1);
  EXPECT_FALSE(step_gaps(days({0, 1, 2.7, 3.1, 5.9, 6.2, 9.8})).even);
  EXPECT_EQ(step_gaps(days({3})).missing, 0);
}

TEST(StepGaps, ASampleIsWhatItStandsFor) {
  EXPECT_EQ(sample_text(days({15, 45, 74, 105}, "noleap"), 0), "2000-01-01 to 2000-02-01");
  EXPECT_EQ(sample_text(days({0, 0.25, 0.5}), 1), "2000-01-01T06:00:00");
}

}  // namespace
