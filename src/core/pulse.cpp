#include "podscale/core/pulse.hpp"

#include <unistd.h>

#include <mutex>

namespace podscale::pulse {
namespace {

Signs own;
std::atomic<Signs*> current{&own};

struct Said {
  std::mutex lock;
  std::optional<Loop> running;
  std::vector<Loop> finished;
  std::string output;
};
Said& said() {
  static Said all;
  return all;
}

}  // namespace

Signs& signs() {
  return *current.load(std::memory_order_relaxed);
}

void write_to(Signs* where) {
  Signs& before = signs();
  Signs& after = where ? *where : own;
  if (&before == &after) return;
  after.stage = before.stage.load();
  after.meetings = before.meetings.load();
  after.waiting = before.waiting.load();
  after.process = static_cast<int>(getpid());
  after.beats = before.beats.load();
  current = &after;
}

void beat() {
  signs().beats.fetch_add(1, std::memory_order_relaxed);
}

Meeting::Meeting() {
  signs().waiting.fetch_add(1, std::memory_order_relaxed);
  signs().meetings.fetch_add(1, std::memory_order_relaxed);
}
Meeting::~Meeting() {
  signs().waiting.fetch_sub(1, std::memory_order_relaxed);
  beat();
}

void set_output(const std::string& path) {
  const std::lock_guard guard(said().lock);
  said().output = path;
}
std::string output() {
  const std::lock_guard guard(said().lock);
  return said().output;
}

void set_loop(const Loop& loop) {
  beat();
  const std::lock_guard guard(said().lock);
  said().running = loop;
}
void end_loop(const Loop& loop) {
  beat();
  const std::lock_guard guard(said().lock);
  said().running.reset();
  said().finished.push_back(loop);
}
std::optional<Loop> current_loop() {
  const std::lock_guard guard(said().lock);
  return said().running;
}
std::vector<Loop> finished_loops() {
  const std::lock_guard guard(said().lock);
  return said().finished;
}

}  // namespace podscale::pulse
