#include "podscale/core/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "podscale/core/error.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/core/text.hpp"

namespace podscale::log {
namespace {

struct Sinks {
  std::shared_ptr<spdlog::logger> out = spdlog::stdout_logger_st("podscale");
  std::shared_ptr<spdlog::logger> err = spdlog::stderr_logger_st("podscale-errors");
  bool quiet = false;
  int rank = 0;
  Sinks() {
    out->set_pattern("%H:%M:%S %v");
    err->set_pattern("%H:%M:%S %^%l%$: %v");
    out->flush_on(spdlog::level::info);
  }
};

Sinks& sinks() {
  static Sinks instance;
  return instance;
}

/// Lines may quote attributes and names of files from elsewhere.
constexpr std::size_t kLongest = 4000;

std::string one_line(const std::string& text) {
  return printable(text, kLongest, "");
}

}  // namespace

void setup(int rank, bool quiet) {
  sinks().rank = rank;
  sinks().quiet = quiet;
}
bool is_talking() {
  return sinks().rank == 0 && !sinks().quiet;
}
void info_line(const std::string& line) {
  if (is_talking()) sinks().out->info(one_line(line));
}
void warn_line(const std::string& line) {
  if (sinks().rank == 0) sinks().err->warn(one_line(line));
}
void error_line(const std::string& line) {
  sinks().err->error(one_line(line));
}
void print(const std::string& text) {
  errno = 0;
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 || std::ferror(stdout))
    fail(ExitCode::io, "standard output: cannot be written ({}); send it where there is space",
         errno ? std::strerror(errno) : "an earlier write failed");
}

}  // namespace podscale::log

namespace podscale {
namespace {

/// mpirun gives every rank a pseudo-terminal, whatever its own output is: under a launcher a bar
/// must be asked for.
bool on_terminal() {
  if (const char* wish = std::getenv("PODSCALE_PROGRESS")) return std::string(wish) == "bar";
  return isatty(STDOUT_FILENO) != 0 && !std::getenv("OMPI_COMM_WORLD_SIZE") && !std::getenv("PMIX_RANK") &&
         !std::getenv("SLURM_PROCID");
}

}  // namespace

Progress::Progress(std::string title, long total, std::string unit)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      last_(start_),
      terminal_(on_terminal()) {}

void Progress::skip(long units) {
  skipped_ += units;
  done_ += units;
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  pulse::set_loop({title_, unit_, done_, total_, elapsed, 0});  // a beat, too
}

void Progress::update(long done, const std::string& note) {
  done_ = done;
  show(static_cast<double>(done), note);
}

void Progress::within(double part, long units) {
  show(static_cast<double>(done_) + part * static_cast<double>(units), {});
}

void Progress::show(double done, const std::string& note) {
  const auto now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count(),
               total = static_cast<double>(total_);
  const double rate = elapsed > 0 ? (done - static_cast<double>(skipped_)) / elapsed : 0;
  pulse::set_loop({title_, unit_, done_, total_, elapsed, rate});
  const double since = std::chrono::duration<double>(now - last_).count();
  // finish() says the last one; a bar shows it, too.
  if (terminal_ ? done < total && since < 0.2 : done >= total || since < 10.0) return;
  last_ = now;
  const double left = rate > 0 ? (total - done) / rate : 0;
  const std::string so_far =
      done == std::floor(done) ? fmt::format("{:.0f}", done) : fmt::format("{:.1f}", done);
  const std::string line =
      fmt::format("{} {}/{} {} | {:.3g} {}/s | {} left{}{}", title_, so_far, total_, unit_, rate, unit_,
                  format_duration(left), note.empty() ? "" : " | ", note);
  if (!terminal_) {
    log::info_line(line);
  } else if (log::is_talking()) {
    const int width = 24, filled = total_ > 0 ? static_cast<int>(width * done / total) : width;
    std::fputs(fmt::format("\r\033[K[{:#<{}}{:.<{}}] {}", "", filled, "", width - filled, line).c_str(),
               stdout);
    std::fflush(stdout);
  }
}

void Progress::finish(const std::string& note) {
  if (terminal_ && log::is_talking()) std::fputs("\r\033[K", stdout);
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const double worked = static_cast<double>(done_ - skipped_);
  pulse::end_loop({title_, unit_, done_, total_, elapsed, elapsed > 0 ? worked / elapsed : 0});
  // A loop that took no time says nothing but what was found in it.
  if (elapsed < 0.5 && note.empty()) return;
  log::info("{}: {} {} in {}{}{}", title_, done_, unit_, format_duration(elapsed), note.empty() ? "" : ", ",
            note);
}

std::string format_duration(double seconds) {
  const long s = static_cast<long>(seconds + 0.5);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace podscale
