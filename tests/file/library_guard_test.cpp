#include "podscale/file/library_guard.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace podscale {
namespace {

struct Process {
  std::array<void (*)(int), 5> handlers{};
  rlim_t memory = 0;
  long timer = 0;
  bool operator==(const Process&) const = default;
};

Process process() {
  Process now;
  constexpr std::array signals{SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGVTALRM};
  for (std::size_t i = 0; i < signals.size(); ++i) {
    struct sigaction found {};
    sigaction(signals[i], nullptr, &found);
    now.handlers[i] = found.sa_handler;
  }
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  now.memory = limit.rlim_cur;
  itimerval timer{};
  getitimer(ITIMER_VIRTUAL, &timer);
  now.timer = timer.it_value.tv_sec;
  return now;
}

TEST(LibraryGuard, LeavesTheProcessAsItWas) {
  const Process before = process();
  { const LibraryGuard guard("some.nc"); }
  EXPECT_EQ(process(), before);
  { const LibraryGuard guard("some.nc", 256 << 20); }
  EXPECT_EQ(process(), before);
  try {
    const LibraryGuard guard("some.nc", 256 << 20);
    throw std::runtime_error("no file");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(process(), before);
}

TEST(LibraryGuard, AGuardWithinAnotherIsTheOuterOne) {
  const Process before = process();
  {
    const LibraryGuard outer("outer.nc", 256 << 20);
    const Process bounded = process();
    { const LibraryGuard inner("inner.nc", 64 << 20); }
    EXPECT_EQ(process(), bounded);
  }
  EXPECT_EQ(process(), before);
}

TEST(LibraryGuard, ACrashIsOneLineAndCode65) {
  for (const int number : {SIGSEGV, SIGABRT, SIGVTALRM})
    EXPECT_EXIT(
        {
          const LibraryGuard outer("some.nc");
          { const LibraryGuard inner("inner.nc"); }
          std::raise(number);
          std::_Exit(0);
        },
        testing::ExitedWithCode(65), "error: some.nc: damaged: .*; fetch or make the file again\n$");
}

}  // namespace
}  // namespace podscale
