#include "podscale/core/step_pattern.hpp"

#include <gtest/gtest.h>

using namespace podscale;

namespace {

SampleAxis days(const std::vector<double>& values, const char* calendar = "standard") {
  return decode_times(values, "days since 2000-01-01", calendar, "test");
}

TEST(StepPattern, CountsMissingDays) {
  const StepPattern p = step_pattern(days({0.5, 1.5, 2.5, 5.5, 6.5, 8.5}));
  EXPECT_EQ(p.text(), "1 day");
  EXPECT_EQ(p.missing, 3);
  EXPECT_EQ(p.gap, 2u);
  EXPECT_TRUE(p.even);
}

TEST(StepPattern, CountsMissingMonthsOfAnyLength) {
  const StepPattern p = step_pattern(days({15, 45, 75, 136, 166, 197}));  // April is missing
  EXPECT_EQ(p.text(), "1 month");
  EXPECT_EQ(p.missing, 1);
  EXPECT_EQ(step_pattern(days({0, 366, 731, 1096})).text(), "1 year");
}

TEST(StepPattern, KnowsHoursAndSeriesWithoutAStep) {
  EXPECT_EQ(step_pattern(days({0, 0.25, 0.5, 0.75})).text(), "6 hours");
  EXPECT_FALSE(step_pattern(days({0, 1, 2.7, 3.1, 5.9, 6.2, 9.8})).even);
  EXPECT_EQ(step_pattern(days({3})).missing, 0);
}

TEST(StepPattern, ASampleIsItsInterval) {
  SampleAxis axis = days({15, 45}, "noleap");
  EXPECT_EQ(sample_text(axis, 0), "2000-01-16");
  axis.samples[0].interval = TimeSpan{0, 31};
  EXPECT_EQ(sample_text(axis, 0), "2000-01-01 to 2000-02-01");
}

}  // namespace
