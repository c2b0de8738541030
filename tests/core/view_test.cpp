#include "podscale/core/view.hpp"

#include <gtest/gtest.h>

#include <csetjmp>
#include <csignal>
#include <numeric>
#include <vector>

namespace podscale {
namespace {

std::vector<int> counted(int n) {
  std::vector<int> values(n);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST(View, LastIndexIsFastest) {
  auto values = counted(24);
  const View<int, 3> view(values, 2, 3, 4);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) EXPECT_EQ(view(i, j, k), (i * 3 + j) * 4 + k);
  EXPECT_EQ(view.extent(1), 3);
  EXPECT_EQ(view.size(), 24);
}

TEST(View, WritesThrough) {
  auto values = counted(6);
  const View<int, 2> view(values, 2, 3);
  view(1, 2) = -1;
  view[0][1] = -2;
  EXPECT_EQ(values, (std::vector<int>{0, -2, 2, 3, 4, -1}));
}

TEST(View, LeadingIndicesGiveSubViews) {
  auto values = counted(24);
  const View<int, 3> view(values, 2, 3, 4);
  const View<int, 2> plane = view[1];
  EXPECT_EQ(plane.extent(0), 3);
  EXPECT_EQ(plane(2, 3), 23);
  EXPECT_EQ(view[1][2][3], 23);
  EXPECT_EQ(view[1][0].span().size(), 4u);
  EXPECT_EQ(view[1][0].span().front(), 12);
}

TEST(View, BecomesAViewOfConstants) {
  auto values = counted(4);
  const auto sum = [](View<const int, 2> view) {
    return std::accumulate(view.span().begin(), view.span().end(), 0);
  };
  EXPECT_EQ(sum(View<int, 2>(values, 2, 2)), 6);
}

TEST(View, SizesMustAgree) {
  auto values = counted(5);
  EXPECT_THROW((View<int, 2>(values, 2, 3)), Error);
  EXPECT_EQ((View<int, 2>().size()), 0);
  EXPECT_EQ((View<int, 2>(std::span(values).first(0), 0, 3).size()), 0);
}

#ifndef NDEBUG
sigjmp_buf back;

/// Whether an assertion fails in it. Without a second process, which MPI does not like.
template <class Work>
bool aborts(const Work& work) {
  const auto before = std::signal(SIGABRT, [](int) { siglongjmp(back, 1); });
  const bool aborted = sigsetjmp(back, 1) != 0 || (work(), false);
  std::signal(SIGABRT, before);
  return aborted;
}

TEST(View, BoundsAreCheckedInDebugBuilds) {
  auto values = counted(6);
  const View<int, 2> view(values, 2, 3);
  EXPECT_FALSE(aborts([&] { view(1, 2) = 0; }));
  EXPECT_TRUE(aborts([&] { view(0, 3) = 0; }));
  EXPECT_TRUE(aborts([&] { view(-1, 0) = 0; }));
  EXPECT_TRUE(aborts([&] { view[2]; }));
}
#endif

}  // namespace
}  // namespace podscale
