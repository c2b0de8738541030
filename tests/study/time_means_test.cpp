// Which times make up which mean, and how errors persist, written and read back.
#include "podscale/study/time_means.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/study/time_covariance_file.hpp"
#include "scratch.hpp"
#include "synthetic.hpp"

namespace podscale {
namespace {

SampleAxis days(Date first, int count) {
  SampleAxis axis;
  axis.units = "days since 2000-01-01";
  const long start = day_number(axis.calendar, first.year, first.month, first.day);
  for (int t = 0; t < count; ++t)
    axis.samples.push_back({static_cast<double>(t), date_from_day_number(axis.calendar, start + t, 43200)});
  return axis;
}

TEST(TimeMeans, StretchesOfDaysAreThoseThatAreWhole) {
  const auto found = stretches(days({2001, 1, 5}, 95), "30d");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[2].steps.front(), 60u);
  EXPECT_EQ(found[2].steps.size(), 30u);
  EXPECT_EQ(stretches(days({2001, 1, 5}, 90), "30d").size(), 3u);
  EXPECT_EQ(stretches(days({2001, 1, 5}, 90), "1d").size(), 90u);
  SampleAxis gaps = days({2001, 1, 5}, 60);
  gaps.samples.erase(gaps.samples.begin() + 3, gaps.samples.begin() + 10);
  EXPECT_EQ(stretches(gaps, "30d").front().steps.size(), 23u);
  EXPECT_THROW(stretches(days({2001, 1, 5}, 20), "30d"), Error);
  for (const char* wrong : {"30", "d", "0d", "-3d", "30 d", "week"})
    EXPECT_THROW(stretches(days({2001, 1, 5}, 95), wrong), Error) << wrong;
}

TEST(TimeMeans, MonthsSeasonsAndPeriodsByDate) {
  const SampleAxis axis = days({2000, 11, 20}, 130);  // to 2001-03-29
  std::vector<std::size_t> sizes;
  for (const TimeStretch& s : stretches(axis, "month")) sizes.push_back(s.steps.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{11, 31, 31, 28, 29}));
  sizes.clear();
  for (const TimeStretch& s : seasons(axis)) sizes.push_back(s.steps.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{11, 90, 29}));
  EXPECT_EQ(period(axis, "2000-12-31", "2001-01-02").steps, (std::vector<std::size_t>{41, 42, 43}));
  EXPECT_THROW(period(axis, "2002-01-01", "2002-02-01"), Error);
}

TEST(TimeCovarianceFile, IsReadBackOnEveryRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);
  TimeCovariance time;
  time.lattice = TimeLattice({1, 0}, Calendar::day360);
  time.reason = "a test";
  time.truncation = {0.1, 2, 3, 1};
  for (const PatchModes& patch : study.basis.patches.mine)
    for (int m = 0; m < synthetic::modes; ++m)
      time.patch.push_back({0.01 * static_cast<double>(patch.patch), 1.0 + m, 9, static_cast<double>(m % 2)});
  for (int r = 0; r < synthetic::global_modes; ++r) time.global.push_back({0.5, 2, 4.0 + r, 0});
  const std::string path = test::ScratchFolder(comm) / "time.nc";
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("patch_y", static_cast<std::size_t>(study.basis.decomposition.patches_y()));
  file.define_dimension("patch_x", static_cast<std::size_t>(study.basis.decomposition.patches_x()));
  file.define_dimension("mode", synthetic::modes);
  define_time_covariance(file, time);
  file.end_definitions();
  put_time_covariance(comm, file, study.basis, time);
  file.commit();
  comm.barrier();
  const TimeCovariance found = read_time_covariance(NetcdfFile::open(comm, path), study.basis, comm.rank());
  EXPECT_TRUE(found.lattice.months);
  EXPECT_EQ(found.lattice.calendar, Calendar::day360);
  EXPECT_EQ(found.reason, time.reason);
  EXPECT_EQ(numbers_of(found.patch), numbers_of(time.patch));
  EXPECT_EQ(numbers_of(found.global), numbers_of(time.global));
  EXPECT_EQ(found.truncation.at(2), time.truncation.at(2));
}

}  // namespace
}  // namespace podscale
