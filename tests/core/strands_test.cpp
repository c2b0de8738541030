// Realizations and runs of a list of samples, and where they lie in a file.
#include "podscale/core/strands.hpp"

#include <gtest/gtest.h>

#include "podscale/core/error.hpp"
#include "podscale/core/pairing.hpp"
#include "podscale/core/sample_layout.hpp"

namespace podscale {
namespace {

/// Days of January 2000, of a realization and of the run of a day (0: none).
struct Given {
  int day;
  long realization = 0;
  int run = 0;
};
SampleAxis axis_of(const std::vector<Given>& list) {
  std::vector<double> values;
  for (const Given& g : list) values.push_back(g.day - 1);
  SampleAxis axis = decode_times(values, "days since 2000-01-01", "standard", "test");
  for (std::size_t t = 0; t < list.size(); ++t) {
    axis.samples[t].realization = list[t].realization;
    if (list[t].run > 0) axis.samples[t].reference = Date{2000, 1, list[t].run, 0};
  }
  return axis;
}

TEST(Strands, OneSeriesIsOneStrandWhateverItsRuns) {
  const auto strands = strands_of(axis_of({{2, 0, 1}, {3, 0, 1}, {4, 0, 3}, {5, 0, 3}}));
  ASSERT_EQ(strands.size(), 1u);
  EXPECT_FALSE(strands[0].reference);
  EXPECT_EQ(strand_text(strands[0]), "");
}

TEST(Strands, RunsAreToldApartWhereATimeOccursTwice) {
  const SampleAxis axis = axis_of({{2, 0, 1}, {3, 0, 1}, {3, 0, 2}, {4, 0, 2}});
  EXPECT_TRUE(runs_overlap(axis));
  const auto strands = strands_of(axis);
  ASSERT_EQ(strands.size(), 2u);
  EXPECT_EQ(strands[1].steps, (std::vector<long>{2, 3}));
  EXPECT_DOUBLE_EQ(*lead_days(axis.calendar, axis[3]), 2);
  EXPECT_THROW(strands_of(axis_of({{2, 0, 1}, {2, 0, 1}})), Error);
}

TEST(Strands, LagsStayInTheirSeries) {
  // Realization 2 lacks day 1; the run of day 2 has no day before its own first.
  const SampleAxis members = axis_of({{1, 1}, {2, 1}, {3, 1}, {2, 2}, {3, 2}});
  const LagFinder of_members(members);
  EXPECT_EQ(of_members.find(1, -1), 0);
  EXPECT_EQ(of_members.find(4, -1), 3);
  EXPECT_FALSE(of_members.find(3, -1));
  EXPECT_FALSE(of_members.find(2, 1));
  const SampleAxis runs = axis_of({{2, 0, 1}, {3, 0, 1}, {3, 0, 2}, {4, 0, 2}});
  const LagFinder of_runs(runs);
  EXPECT_EQ(of_runs.find(3, -1), 2);
  EXPECT_FALSE(of_runs.find(2, -1));
}

TEST(Strands, EachRealizationHasNoiseOfItsOwnAndRunsShareThatOfATime) {
  const SampleAxis axis = axis_of({{1}, {1, 1}, {1, 2}, {3, 0, 1}, {3, 0, 2}});
  EXPECT_NE(axis.time_key(0), axis.time_key(1));
  EXPECT_NE(axis.time_key(1), axis.time_key(2));
  EXPECT_EQ(axis.time_key(3), axis.time_key(4));
}

TEST(SampleLayout, RealizationsLieBehindTime) {
  const SampleLayout layout(axis_of({{1, 3}, {2, 3}, {1, 7}, {2, 7}}));
  EXPECT_EQ(layout.realizations, (std::vector<long>{3, 7}));
  EXPECT_FALSE(layout.has_runs());
  EXPECT_EQ(layout.times.size(), 2u);
  EXPECT_EQ(layout.cells[3], (SampleCell{1, 0, 1}));
  EXPECT_THROW(SampleLayout(axis_of({{1, 3}, {2, 3}, {1, 7}})), Error);
  EXPECT_THROW(SampleLayout(axis_of({{1, 3}, {2, 3}, {1, 7}, {3, 7}})), Error);
  EXPECT_TRUE(SampleLayout(axis_of({{1, 3}, {2, 3}})).is_plain());
}

TEST(SampleLayout, RunsMayLackALead) {
  const SampleLayout layout(axis_of({{2, 0, 1}, {3, 0, 1}, {4, 0, 1}, {3, 0, 2}, {5, 0, 2}}));
  EXPECT_EQ(layout.leads, (std::vector<double>{1, 2, 3}));
  ASSERT_EQ(layout.runs(), 2u);
  EXPECT_EQ(layout.cells[3], (SampleCell{0, 1, 0}));
  EXPECT_EQ(layout.cells[4], (SampleCell{0, 1, 2}));
  EXPECT_THROW(SampleLayout(axis_of({{2, 0, 1}, {2, 0, 0}})), Error);  // a time without its run
}

}  // namespace
}  // namespace podscale
