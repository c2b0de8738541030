#include "podscale/core/stop.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

// What a process was asked stays with it: each in a process of its own, whose exit code tells.

[[noreturn]] void end_by(bool right) {
  std::_Exit(right ? 7 : 1);
}

TEST(Stop, ASignalIsNotedOnce) {
  for (const auto& [number, name] : {std::pair{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGUSR1, "SIGUSR1"}})
    EXPECT_EXIT(
        {
          install_signal_handlers();
          if (stop_requested()) end_by(false);
          std::raise(number);
          std::raise(SIGTERM);
          std::string said;
          try {
            stop_here();
          } catch (const Error& error) {
            said = error.code() == ExitCode::requeue ? error.what() : "another code";
          }
          end_by(stop_requested() && signal_received() && stop_reason() == name &&
                 said.find(name) != std::string::npos && seconds_since_stop().value_or(-1) >= 0);
        },
        testing::ExitedWithCode(7), "");
}

TEST(Stop, TheTimeLimitIsNoSignal) {
  EXPECT_EXIT(
      {
        set_deadline("00:00:01");
        const bool early = stop_requested();
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!stop_requested() && std::chrono::steady_clock::now() < end)
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
        end_by(!early && stop_requested() && !signal_received() && stop_reason() == "the time limit");
      },
      testing::ExitedWithCode(7), "");
  for (const char* limit : {"90", "00:60:00", "00:00:00x", "-1:00:00"})
    EXPECT_THROW(set_deadline(limit), Error) << limit;
}

TEST(Stop, WhatDoesNotStopIsEnded) {
  EXPECT_EXIT(
      {
        setenv("PODSCALE_STOP_SECONDS", "1", 1);
        install_signal_handlers();
        set_last_clean_up([] {
          const auto written = write(2, "cleaned\n", 8);
          static_cast<void>(written);
        });
        std::raise(SIGUSR1);
        for (;;) pause();
      },
      testing::ExitedWithCode(75), "grace time(.|\n)*cleaned");
}

TEST(Stop, AnEndThatDoesNotComeHasTheCodeOfTheError) {
  EXPECT_EXIT(
      {
        end_within(1, 65);
        for (;;) pause();
      },
      testing::ExitedWithCode(65), "");
}

TEST(Stop, OthersDieByASignalAsUsual) {
  EXPECT_EXIT(
      {
        install_signal_handlers();
        std::raise(SIGTERM);
        restore_signal_handlers();
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace podscale
