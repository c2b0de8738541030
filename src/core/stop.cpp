#include "podscale/core/stop.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};

// All of it is read and written by handlers.
volatile std::sig_atomic_t asked = 0;  // the signal that came first; SIGALRM: the time limit
volatile std::sig_atomic_t grace = 20, ending = 0, last_code = static_cast<int>(ExitCode::requeue);
volatile std::sig_atomic_t at_once = 0;
timespec asked_at{};
void (*volatile last_clean_up)() = nullptr;

void note(int number) {
  if (asked) return;
  clock_gettime(CLOCK_MONOTONIC, &asked_at);
  asked = number;
  if (!ending) alarm(static_cast<unsigned>(grace));
}

template <std::size_t n>
[[noreturn]] void end_here(const char (&line)[n]) {
  const auto written = write(2, line, n - 1);
  static_cast<void>(written);
  if (last_clean_up) last_clean_up();
  _exit(last_code);
}

extern "C" void note_signal(int number) {
  if (at_once && number != SIGUSR1)
    end_here("podscale: stopped by a signal; nothing half-written was left: run again\n");
  note(number);
}

extern "C" void note_alarm(int) {
  if (!asked && !ending) {
    note(SIGALRM);
    return;
  }
  end_here("podscale: no end of its own within the grace time: ended; its files are as they were before\n");
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // reads and writes go on; loops ask stop_here()
  sigaction(number, &action, nullptr);
}

}  // namespace

void install_signal_handlers() {
  if (const char* seconds = std::getenv("PODSCALE_STOP_SECONDS"))
    if (const int n = std::atoi(seconds); n > 0) grace = n;
  for (const int number : kSignals) handle(number, note_signal);
  handle(SIGALRM, note_alarm);
}

void restore_signal_handlers() {
  for (const int number : kSignals) handle(number, SIG_DFL);
  if (asked) std::raise(asked);
}

long limit_seconds(const std::string& text, const std::string& what) {
  int hours = 0, minutes = 0, seconds = 0, used = 0;
  if (std::sscanf(text.c_str(), "%d:%2d:%2d%n", &hours, &minutes, &seconds, &used) != 3 ||
      used != static_cast<int>(text.size()) || hours < 0 || minutes < 0 || minutes > 59 || seconds < 0 ||
      seconds > 59)
    fail(ExitCode::usage, "{}: found '{}', expected 'HH:MM:SS'", what, text);
  return 3600L * hours + 60 * minutes + seconds;
}

void set_deadline(const std::string& limit) {
  if (limit.empty()) return;
  const long all = limit_seconds(limit, "time_limit");
  handle(SIGALRM, note_alarm);
  if (asked) return;
  if (all == 0) return note(SIGALRM);
  alarm(static_cast<unsigned>(std::min<long>(all, INT_MAX)));
  if (asked) alarm(static_cast<unsigned>(grace));  // just now: its grace time comes before the limit
}

bool signal_received() {
  return asked != 0 && asked != SIGALRM;
}

bool stop_requested() {
  return asked != 0;
}

std::string stop_reason() {
  switch (asked) {
    case 0:
      return "";
    case SIGALRM:
      return "the time limit";
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      return "a signal";
  }
}

std::optional<double> seconds_since_stop() {
  if (!asked) return std::nullopt;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec - asked_at.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec - asked_at.tv_nsec);
}

void stop_here() {
  pulse::beat();
  if (asked)
    fail(ExitCode::requeue, "stopped by {}; nothing half-written was left: run again", stop_reason());
}

void set_last_clean_up(void (*clean_up)()) {
  last_clean_up = clean_up;
}

void end_at_once_when_stopped() {
  at_once = 1;
}

void end_within(unsigned seconds, int exit_code) {
  handle(SIGALRM, note_alarm);
  ending = 1;
  last_code = exit_code;
  if (const unsigned left = alarm(seconds); asked && left > 0 && left < seconds) alarm(left);
}

}  // namespace podscale
