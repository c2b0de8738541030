// A number of the training that is not finite: back to the last good state at a lower rate, and
// where that does not help, the end with the facts. Both networks.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "network_study.hpp"
#include "podscale/core/error.hpp"
#include "podscale/network/checkpoint.hpp"
#include "podscale/network/vit.hpp"
#include "podscale/network/window_checkpoint.hpp"
#include "window_study.hpp"

namespace podscale {
namespace {

using namespace test;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

const std::string kBasis = "0123456789abcdef";

TrainingOptions twelve_steps() {
  TrainingOptions options;
  options.steps = 12, options.batch = 16, options.warmup = 2, options.rate = 5e-3;
  options.validate_every = 4, options.checkpoint_every = 4;
  return options;
}

/// The line and the exit code of the error that `work` ends with.
std::pair<std::string, ExitCode> end_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.what(), error.code()};
  }
  return {"none", ExitCode::ok};
}

struct TokenRun {
  TokenRun(const Communicator& comm, std::string file, bool resume = false)
      : study(make_study(small_layout(), share_of(40, comm.size(), comm.rank()).begin,
                         share_of(40, comm.size(), comm.rank()).size())),
        trainer(comm, study.layout, small_model(), twelve_steps(), kBasis, file, resume, "") {}
  /// score(step, how often it was asked): a validation.
  bool run(const std::function<double(long, int)>& score, long stop_at = -1) {
    int asked = 0;
    return trainer.run(
        study.set(), [&](const NetworkFunctions&) { return score(trainer.step(), asked++); },
        [&] { return trainer.step() == stop_at - 1; });
  }
  Study study;
  Trainer trainer;
};

/// Of the tests: falls with the steps.
double usual(long step) {
  return 1.0 / static_cast<double>(step + 1);
}

TEST(Recovery, GoesBackToTheCheckpointAndOnAtHalfTheRate) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  TokenRun hurt(comm, folder / "hurt.h5"), healthy(comm, folder / "healthy.h5");
  bool once = false;
  EXPECT_TRUE(hurt.run([&](long step, int) {
    if (step == 8 && !std::exchange(once, true)) return std::nan("");
    return usual(step);
  }));
  EXPECT_TRUE(healthy.run([](long step, int) { return usual(step); }));
  EXPECT_EQ(hurt.trainer.step(), 12);
  const Checkpoint a = read_checkpoint(comm, folder / "hurt.h5"),
                   b = read_checkpoint(comm, folder / "healthy.h5");
  EXPECT_EQ(a.rate_factor, 0.5);
  EXPECT_EQ(b.rate_factor, 1);
  // Validations at 0, 4, 8, 12, each once, as if the bad one had never been.
  ASSERT_EQ(a.summary.history.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(a.summary.history[i].step, static_cast<long>(4 * i));
    EXPECT_TRUE(std::isfinite(a.summary.history[i].score));
    if (i < 2) {
      EXPECT_EQ(a.summary.history[i].loss, b.summary.history[i].loss);
    }
  }
  EXPECT_NE(a.parameters, b.parameters);  // another rate since step 4
  for (const float value : a.parameters) ASSERT_TRUE(std::isfinite(value));
}

TEST(Recovery, AStopAfterARecoveryChangesNoBit) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const auto run = [&](const std::string& file, bool resume, bool hurt, long stop_at) {
    TokenRun one(comm, folder / file, resume);
    bool once = !hurt;
    one.run(
        [&](long step, int) {
          if (step == 8 && !std::exchange(once, true)) return std::nan("");
          return usual(step);
        },
        stop_at);
  };
  run("whole.h5", false, true, -1);
  run("parts.h5", false, true, 10);
  run("parts.h5", true, false, -1);
  const Checkpoint a = read_checkpoint(comm, folder / "whole.h5"),
                   b = read_checkpoint(comm, folder / "parts.h5");
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.second_moment, b.second_moment);
  EXPECT_EQ(b.rate_factor, 0.5);
}

TEST(Recovery, BeforeTheFirstCheckpointItBeginsAnew) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  TokenRun hurt(comm, folder / "hurt.h5");
  int first = 0;
  EXPECT_TRUE(hurt.run([&](long step, int) {
    if (step == 0) ++first;
    return step == 4 && first == 1 ? std::nan("") : usual(step);
  }));
  EXPECT_EQ(first, 2);  // the validation of step 0, too
  EXPECT_EQ(read_checkpoint(comm, folder / "hurt.h5").summary.history.size(), 4U);
}

TEST(Recovery, EndsWithTheFactsAfterThreeTimes) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  TokenRun hurt(comm, folder / "hurt.h5");
  int bad = 0;
  const auto [line, code] = end_of([&] {
    hurt.run([&](long step, int) {
      if (step < 8) return usual(step);
      ++bad;
      return std::nan("");
    });
  });
  EXPECT_EQ(code, ExitCode::bug);
  EXPECT_EQ(bad, 4);
  for (const char* fact : {"the validation score is nan at step 8", "at a rate of ", "last finite loss ",
                           "3 times", "training.rate (now 0.005)"})
    EXPECT_NE(line.find(fact), std::string::npos) << fact << " is not in: " << line;
  // What is in the file is the last good state.
  const Checkpoint kept = read_checkpoint(comm, folder / "hurt.h5");
  EXPECT_EQ(kept.summary.step, 4);
  for (const float value : kept.parameters) ASSERT_TRUE(std::isfinite(value));
}

TEST(Recovery, WeightsThatOverflowAreNotKept) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  // The first step makes weights whose norm overflows, at an eighth of this rate, too: nothing of
  // it reaches the file.
  TrainingOptions options = twelve_steps();
  options.rate = 1e20, options.warmup = 0, options.checkpoint_every = 1;
  const Study study = make_study(small_layout(), 0, 40);
  Trainer trainer(comm, study.layout, small_model(), options, kBasis, folder / "model.h5", false, "");
  const auto [line, code] = end_of([&] {
    trainer.run(
        study.set(), [](const NetworkFunctions&) { return 1.0; }, [] { return false; });
  });
  EXPECT_EQ(code, ExitCode::bug) << line;
  EXPECT_NE(line.find("training.rate"), std::string::npos) << line;
  EXPECT_FALSE(std::filesystem::exists(folder / "model.h5"));
}

TEST(Recovery, BeforeTheFirstStepNoRateIsToBlame) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  TokenRun lost(comm, folder / "lost.h5");
  int asked = 0;
  const auto [line, code] = end_of([&] {
    lost.run([&](long, int) {
      ++asked;
      return std::nan("");
    });
  });
  EXPECT_EQ(code, ExitCode::data);
  EXPECT_EQ(asked, 1);
  EXPECT_NE(line.find("the validation score is nan at step 0"), std::string::npos) << line;
}

WindowTrainerRequest twenty_steps(const std::string& file) {
  WindowTrainerRequest r;
  r.model = small_windows(0);
  r.training.tokens = 20 * 64, r.training.batch = 64, r.training.warmup = 5, r.training.rate = 5e-3;
  r.training.validate_every = 4, r.training.checkpoint_every = 5;
  r.point_spread.assign(16, 1.0);
  r.model_file = file, r.basis_checksum = kBasis, r.resume = false;
  return r;
}

/// A draw that puts one NaN into the truth of a step; on one rank alone, which is enough.
WindowDraw poisoned(const Communicator& comm, long at, int times) {
  auto left = std::make_shared<int>(times);
  return [draw = window_draw(), last = comm.rank() == comm.size() - 1, at, left](long step, idx_t first,
                                                                                 idx_t count) {
    WindowSamples samples = draw(step, first, count);
    if (step == at && *left != 0) {
      --*left;
      if (last) samples.target.front() = kNan;
    }
    return samples;
  };
}

TEST(Recovery, WindowsGoBackToo) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const auto score = [](const WindowNetwork&) { return WindowScore{1, 0}; };
  const auto never = [] { return false; };
  const auto trainer = window_backend().trainer(comm, twenty_steps(folder / "hurt.h5"));
  EXPECT_TRUE(trainer->run(poisoned(comm, 7, 1), score, never));
  const WindowCheckpoint c = read_window_checkpoint(comm, folder / "hurt.h5");
  EXPECT_EQ(c.rate_factor, 0.5);
  EXPECT_EQ(c.summary.step, 20);
  EXPECT_EQ(c.summary.history.size(), 6U);  // 0, 4, ..., 20
  for (const float value : c.parameters) ASSERT_TRUE(std::isfinite(value));

  const auto lost = window_backend().trainer(comm, twenty_steps(folder / "lost.h5"));
  const auto [line, code] = end_of([&] { lost->run(poisoned(comm, 7, -1), score, never); });
  EXPECT_EQ(code, ExitCode::bug);
  for (const char* fact : {"the loss is nan at step 7", "3 times", "images.rate (now 0.005)"})
    EXPECT_NE(line.find(fact), std::string::npos) << fact << " is not in: " << line;
  EXPECT_EQ(read_window_checkpoint(comm, folder / "lost.h5").summary.step, 5);
}

}  // namespace
}  // namespace podscale
