// The judgement of the watchdog, on signs of life that are made up: who is stuck, and what is
// none.
#include "podscale/core/standstill.hpp"

#include <gtest/gtest.h>

namespace podscale {
namespace {

using Signs = std::vector<SignsOfLife>;

/// Asks every second; change(second, signs) before each question.
template <class Change>
std::optional<Verdict> watch(Standstill& standstill, Signs signs, int seconds, const Change& change) {
  for (int s = 1; s <= seconds; ++s) {
    change(s, signs);
    if (const auto verdict = standstill.judge(1, signs)) return verdict;
  }
  return std::nullopt;
}
void nothing(int, Signs&) {}

TEST(Standstill, NamesTheRankThatNeitherWaitsNorComputes) {
  Standstill standstill(60, 1, false);
  const auto verdict =
      watch(standstill, {{5, 3, true, 0}, {4, 2, false, 0}, {5, 3, true, 0}}, 100, [](int, Signs& s) {
        s[0].computed += 1, s[2].computed += 1;  // MPI waits by asking over and over
      });
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->blame, Blame::stuck);
  EXPECT_EQ(verdict->culprits, std::vector<std::size_t>{1});
  EXPECT_NEAR(verdict->seconds, 60, 2);
}

TEST(Standstill, AStepOfAnyRankBeginsItAnew) {
  Standstill standstill(60, 1, false);
  const auto seldom = [](int s, Signs& signs) { signs[1].beats += s % 59 == 0 ? 1 : 0; };
  EXPECT_FALSE(watch(standstill, {{0, 0, true, 0}, {0, 0, false, 0}}, 1000, seldom).has_value());
  // A collective call that is entered is a step, too.
  const auto meets = [](int s, Signs& signs) { signs[0].meetings += s % 59 == 0 ? 1 : 0; };
  EXPECT_FALSE(watch(standstill, {{0, 0, true, 0}, {0, 0, false, 0}}, 1000, meets).has_value());
}

TEST(Standstill, ALongComputationIsNone) {
  const Signs signs{{0, 0, true, 0}, {0, 0, false, 0}};
  Standstill standstill(60, 1, false);
  const auto verdict = watch(standstill, signs, 700, [](int, Signs& s) { s[1].computed += 0.9; });
  ASSERT_TRUE(verdict.has_value());
  EXPECT_NEAR(verdict->seconds, 600, 2);  // ten times the limit
  EXPECT_EQ(verdict->blame, Blame::endless);
  EXPECT_EQ(verdict->culprits, std::vector<std::size_t>{1});
}

TEST(Standstill, WhoIsStuckIsBlamedBesideOneThatComputes) {
  Standstill standstill(60, 1, false);
  const auto verdict =
      watch(standstill, {{0, 0, false, 0}, {0, 0, false, 0}}, 100, [](int, Signs& s) { s[0].computed += 1; });
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->culprits, std::vector<std::size_t>{1});
}

TEST(Standstill, AllWaitForEachOtherOrForAnotherNode) {
  const Signs signs{{7, 7, true, 0}, {7, 8, true, 0}};
  Standstill alone(60, 1, false), with_others(60, 1, true);
  const auto verdict = watch(alone, signs, 100, nothing);
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->blame, Blame::all);
  EXPECT_EQ(verdict->culprits.size(), 2U);
  EXPECT_FALSE(watch(with_others, signs, 5000, nothing).has_value());
  // The node of the culprit sees it.
  const auto there = watch(with_others, {{7, 7, true, 0}, {6, 6, false, 0}}, 100, nothing);
  ASSERT_TRUE(there.has_value());
  EXPECT_EQ(there->culprits, std::vector<std::size_t>{1});
}

TEST(Standstill, TheTimeOfASuspendedJobDoesNotCount) {
  Standstill standstill(60, 1, false);
  const Signs signs{{0, 0, false, 0}};
  EXPECT_FALSE(standstill.judge(1, signs).has_value());
  EXPECT_FALSE(standstill.judge(1, signs).has_value());
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(standstill.judge(36000, signs).has_value()) << i;
  EXPECT_LE(standstill.seconds(), 31 + 1e-9);
}

}  // namespace
}  // namespace podscale
