#include "watch.hpp"

#include <fmt/ranges.h>
#include <mpi.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/stop.hpp"

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCode = static_cast<int>(ExitCode::requeue);
constexpr unsigned kGrace = 20;  // seconds for MPI_Abort

double computed_by_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// In words, what the system says of a process; "" where it says nothing.
std::string condition_of(int process) {
  switch (process_state(process)) {
    case 'T':
    case 't':
      return ", stopped by a signal";
    case 'D':
      return ", waiting for a disk or a file system";
    case 'Z':
    case 'X':
      return ", dead";
    default:
      return "";
  }
}

std::vector<SignsOfLife> read(std::span<const pulse::Signs> signs) {
  std::vector<SignsOfLife> now;
  for (const pulse::Signs& s : signs)
    now.push_back({s.beats.load(), s.meetings.load(), s.waiting.load() > 0, s.computed.load()});
  return now;
}

/// The handlers belong to the main thread.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Watch::Watch(const Node& node, double stuck_after, Heartbeat* heartbeat)
    : node_(node),
      limit_(stuck_after),
      tick_(stuck_after > 0 ? std::clamp(stuck_after / 20, 0.05, 1.0) : 1.0),
      heartbeat_(heartbeat) {
  if (limit_ <= 0 && !heartbeat_) return;
  try {
    const NoSignals quiet;
    thread_ = std::thread([this] { look_after(); });
  } catch (const std::system_error& error) {
    log::warn("no thread for watchdog and heartbeat: {}", error.what());
  }
}

Watch::~Watch() {
  {
    const std::lock_guard guard(lock_);
    over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watch::look_after() {
  std::optional<Standstill> standstill;
  if (limit_ > 0) standstill.emplace(limit_, tick_, !node_.sees_all());
  std::optional<Verdict> verdict;
  double since = 0;  // the verdict
  auto last = Clock::now();
  std::unique_lock guard(lock_);
  while (!wake_.wait_for(guard, std::chrono::duration<double>(tick_), [this] { return over_; })) {
    const auto now = Clock::now();
    const double elapsed = std::chrono::duration<double>(now - last).count();
    last = now;
    pulse::signs().computed.store(computed_by_now(), std::memory_order_relaxed);
    if (standstill) {
      const auto signs = read(node_.signs());
      verdict = standstill->judge(elapsed, signs);
      since = verdict ? since + tick_ : 0;
      // One rank speaks, the first that can.
      if (verdict && since > 2 * tick_ * static_cast<double>(std::min<std::size_t>(node_.mine(), 20)))
        end_job(*verdict);
    }
    if (heartbeat_) heartbeat_->beat(standstill ? standstill->seconds() : 0);
  }
}

void Watch::end_job(const Verdict& verdict) {
  end_within(kGrace, kCode);
  const auto signs = node_.signs();
  constexpr std::size_t most = 4;
  std::vector<std::string> named;
  for (const std::size_t i : verdict.culprits) {
    if (named.size() == most) {
      named.push_back(fmt::format("and {} more", verdict.culprits.size() - most));
      break;
    }
    const int process = signs[i].process.load();
    named.push_back(fmt::format("rank {} (process {}{}, stage {})", node_.ranks()[i], process,
                                condition_of(process),
                                stage_name(static_cast<StageId>(signs[i].stage.load()))));
  }
  const char* why = verdict.blame == Blame::stuck     ? "neither computes nor waits for another rank"
                    : verdict.blame == Blame::endless ? "computes without an end"
                                                      : "wait for each other";
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  log::error_line(
      fmt::format("no rank of {} has moved for {}: {} {}; the job is ended: run it again "
                  "(--stuck-after sets the time)",
                  host, format_duration(verdict.seconds), fmt::join(named, ", "), why));
  if (heartbeat_) heartbeat_->end("stuck", kCode);
  remove_doomed_files();
  MPI_Abort(MPI_COMM_WORLD, kCode);
  _exit(kCode);
}

}  // namespace podscale
