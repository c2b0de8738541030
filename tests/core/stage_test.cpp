// Times of stages, and what a loop tells from one thread to another.
#include "podscale/core/stage.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "podscale/core/log.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/core/traffic.hpp"

namespace podscale {
namespace {

void sleep(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}
StageTime of(StageId id) {
  return stage_times()[static_cast<std::size_t>(id)];
}
double total() {
  double all = 0;
  for (const StageTime& t : stage_times()) all += t.seconds;
  return all;
}

TEST(Stage, AnInnerStageHasItsOwnTime) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const double before = total();
  const StageTime train = of(StageId::train), write = of(StageId::write);
  {
    const Stage outer(StageId::train);
    sleep(30);
    {
      const Stage inner(StageId::write);
      EXPECT_EQ(pulse::signs().stage.load(), static_cast<int>(StageId::write));
      sleep(60);
    }
    EXPECT_EQ(pulse::signs().stage.load(), static_cast<int>(StageId::train));
    sleep(30);
  }
  // A sleep may be longer than asked for, never shorter; whatever it was, all of it is accounted
  // for.
  const double passed = std::chrono::duration<double>(Clock::now() - start).count();
  EXPECT_GE(of(StageId::train).seconds - train.seconds, 0.06);
  EXPECT_GE(of(StageId::write).seconds - write.seconds, 0.06);
  EXPECT_LE(of(StageId::train).seconds - train.seconds, passed - 0.06 + 1e-6);
  EXPECT_EQ(of(StageId::train).times - train.times, 1);
  EXPECT_NEAR(total() - before, passed, 0.05);
}

TEST(Stage, AnExceptionLeavesIt) {
  try {
    const Stage stage(StageId::modes);
    throw std::runtime_error("out");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(pulse::signs().stage.load(), static_cast<int>(StageId::other));
}

TEST(Stage, NamesAreDistinct) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < stage_count; ++i) names.insert(stage_name(static_cast<StageId>(i)));
  EXPECT_EQ(names.size(), stage_count);
  EXPECT_STREQ(stage_name(static_cast<StageId>(1000)), "other");  // of a damaged memory
}

TEST(Pulse, EveryStepMovesIt) {
  const auto beats = [] { return pulse::signs().beats.load(); };
  std::uint64_t last = beats();
  const auto moved = [&] { return std::exchange(last, beats()) < last; };
  { const Stage stage(StageId::read); }
  EXPECT_TRUE(moved());
  { const Transfer transfer(Direction::in, 10); }
  EXPECT_TRUE(moved());
  {
    const pulse::Meeting meeting;
    EXPECT_EQ(pulse::signs().waiting.load(), 1);
  }
  EXPECT_EQ(pulse::signs().waiting.load(), 0);
  EXPECT_TRUE(moved());
  EXPECT_FALSE(moved());
}

TEST(Pulse, SignsMoveToOtherMemoryAndBack) {
  pulse::Signs elsewhere;
  const Stage stage(StageId::encode);
  const auto before = pulse::signs().beats.load();
  pulse::write_to(&elsewhere);
  EXPECT_EQ(elsewhere.beats.load(), before);
  EXPECT_EQ(elsewhere.stage.load(), static_cast<int>(StageId::encode));
  pulse::beat();
  EXPECT_EQ(elsewhere.beats.load(), before + 1);
  pulse::write_to(nullptr);
  EXPECT_NE(&pulse::signs(), &elsewhere);
  EXPECT_EQ(pulse::signs().beats.load(), before + 1);
}

TEST(Pulse, ALoopSaysHowFarItIs) {
  const std::size_t finished = pulse::finished_loops().size();
  {
    Progress progress("counting", 10, "beans");
    progress.skip(3);  // by an earlier run
    progress.update(4);
    sleep(20);
    progress.update(6);
    const auto now = pulse::current_loop();
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(now->title, "counting");
    EXPECT_EQ(now->unit, "beans");
    EXPECT_EQ(now->done, 6);
    EXPECT_EQ(now->total, 10);
    EXPECT_GT(now->rate, 0);
    EXPECT_LE(now->rate, 3 / 0.02);
    progress.within(0.5, 4);  // half of the last 4 beans
    const auto within = pulse::current_loop();
    ASSERT_TRUE(within.has_value());
    EXPECT_EQ(within->done, 6);
    EXPECT_NEAR(within->rate * within->seconds, 6 + 0.5 * 4 - 3, 1e-9);
    progress.finish();
  }
  EXPECT_FALSE(pulse::current_loop().has_value());
  const auto loops = pulse::finished_loops();
  ASSERT_EQ(loops.size(), finished + 1);
  EXPECT_EQ(loops.back().done, 6);
}

TEST(Traffic, AddsUpBytesAndTime) {
  const Traffic before = traffic(Direction::out), other = traffic(Direction::in);
  for (int i = 0; i < 2; ++i) {
    const Transfer transfer(Direction::out, 1000);
    sleep(10);
  }
  EXPECT_EQ(traffic(Direction::out).bytes - before.bytes, 2000U);
  EXPECT_GE(traffic(Direction::out).seconds - before.seconds, 0.02);
  EXPECT_EQ(traffic(Direction::in).bytes, other.bytes);
}

}  // namespace
}  // namespace podscale
