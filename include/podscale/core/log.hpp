#pragma once
// The log: rank 0 speaks, plain lines in a batch log. Warnings and errors go to stderr. Nothing
// here is collective.

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace podscale::log {

/// After `setup(rank, quiet)` only rank 0 prints info and warnings; errors print on
/// any rank.
void setup(int rank, bool quiet);
/// True where info lines are printed.
bool is_talking();
void info_line(const std::string& line);
void warn_line(const std::string& line);
void error_line(const std::string& line);
/// Results, to stdout at once. Errors: io, where stdout has not taken all that was ever printed to
/// it, the log too (a full disk).
void print(const std::string& text);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  info_line(fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  warn_line(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace podscale::log

namespace podscale {

/// Rate and time left of a loop, on rank 0: a bar that rewrites itself on a terminal (under
/// mpirun: where PODSCALE_PROGRESS=bar is set), a line every 10 s otherwise.
class Progress {
 public:
  /// total: number of units; unit: their name, as in "steps".
  Progress(std::string title, long total, std::string unit);
  /// `units` are there from an earlier run: they do not count in the rate.
  void skip(long units);
  /// done: units finished so far, skipped ones included; note: what else to show (loss, score).
  /// Prints only when it is due.
  void update(long done, const std::string& note = {});
  /// Within a step of `units`: which part of it is done, 0 to 1. For steps that take minutes.
  void within(double part, long units);
  /// Prints the closing line with the mean rate.
  void finish(const std::string& note = {});

 private:
  using Clock = std::chrono::steady_clock;
  void show(double done, const std::string& note);
  std::string title_, unit_;
  long total_, skipped_ = 0, done_ = 0;
  Clock::time_point start_, last_;
  bool terminal_;
};

/// "42 s", "3 min 05 s", "2 h 10 min".
std::string format_duration(double seconds);
/// Peak resident memory of this process so far, in MiB (VmHWM).
double peak_memory_mib();

}  // namespace podscale
