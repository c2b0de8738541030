#include "podscale/core/stop.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t signal_seen = 0;
std::optional<Clock::time_point> deadline;

extern "C" void note_signal(int number) {
  signal_seen = number;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;  // reads and writes go on; loops ask stop_requested()
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaction(number, &action, nullptr);
}

void set_deadline(const std::string& limit) {
  if (limit.empty()) return;
  int hours = 0, minutes = 0, seconds = 0, used = 0;
  if (std::sscanf(limit.c_str(), "%d:%2d:%2d%n", &hours, &minutes, &seconds, &used) != 3 ||
      used != static_cast<int>(limit.size()) || hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 ||
      seconds > 59)
    fail(ExitCode::usage, "&training time_limit: found '{}', expected 'HH:MM:SS'", limit);
  deadline = Clock::now() + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
             std::chrono::seconds(seconds);
}

bool signal_received() {
  return signal_seen != 0;
}

bool stop_requested() {
  return signal_seen != 0 || (deadline && Clock::now() >= *deadline);
}

}  // namespace podscale
