#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "benchmark.hpp"
#include "podscale/core/log.hpp"

namespace podscale::benchmark {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

double time_once(const Setting& setting, Clock clock, const std::function<void()>& work) {
  setting.comm->barrier();
  const double start = now(clock);
  work();
  return setting.comm->max(now(clock) - start);
}

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", 1e6 * seconds);
  if (seconds < 1) return fmt::format("{:.3g} ms", 1e3 * seconds);
  return fmt::format("{:.3g} s", seconds);
}

}  // namespace

double now(Clock clock) {
  if (clock == Clock::wall)
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Times measure(const Setting& setting, Clock clock, const std::function<void()>& subject,
              const std::function<void()>& reference) {
  subject();
  reference();
  std::vector<double> of_subject, of_reference;
  for (int i = 0; i < setting.repeats; ++i) {
    of_subject.push_back(time_once(setting, clock, subject));
    of_reference.push_back(time_once(setting, clock, reference));
  }
  return {median(of_subject), median(of_reference)};
}

double measure(const Setting& setting, Clock clock, const std::function<void()>& work) {
  work();
  std::vector<double> times;
  for (int i = 0; i < setting.repeats; ++i) times.push_back(time_once(setting, clock, work));
  return median(times);
}

void Table::print_head() {
  std::puts("| what | time | rate | reference | its rate | ratio | peak MiB |");
  std::puts("|---|---|---|---|---|---|---|");
}

void Table::print_stage() {
  const double peak = setting_->comm->max(peak_memory_mib());
  for (const Row& row : rows_) {
    const double rate = row.amount / row.seconds, reference = row.reference_amount / row.reference_seconds;
    if (setting_->comm->is_root())
      fmt::print("| {} | {} | {:.4g} {}/s | {} | {:.4g} {}/s | {:.3g} | {:.0f} |\n", row.what,
                 duration(row.seconds), rate, row.unit, row.reference, reference, row.unit, rate / reference,
                 peak);
  }
  std::fflush(stdout);
  rows_.clear();
}

void Table::start_stage() {
  malloc_trim(0);
  // "5" resets the peak of the resident memory (proc(5)); where that is refused, peaks are those
  // since the start.
  if (std::FILE* file = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", file);
    std::fclose(file);
  }
}

}  // namespace podscale::benchmark
