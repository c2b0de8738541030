#include "host_threads.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

namespace podscale {
namespace {

/// Kept by each thread that was asked: one that comes late finds nothing left, and nobody waits
/// for it.
struct Pieces {
  std::mutex mutex;
  std::condition_variable ended;
  std::int64_t next = 0, end = 0, in_work = 0;
  std::exception_ptr failure;
  const std::function<void(std::int64_t)>* work = nullptr;  // lives while next < end or in_work > 0

  void take() {
    std::unique_lock lock(mutex);
    while (next < end) {
      const std::int64_t piece = next++;
      ++in_work;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        (*work)(piece);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      --in_work;
      if (thrown) failure = thrown, next = end;
    }
    if (in_work == 0) ended.notify_all();
  }
};

}  // namespace

void on_host_threads(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  const auto pieces = std::make_shared<Pieces>();
  pieces->end = count, pieces->work = &work;
  const auto threads = std::min<std::int64_t>(at::get_num_threads(), count);
  for (std::int64_t i = 1; i < threads; ++i) at::launch([pieces] { pieces->take(); });
  pieces->take();
  std::unique_lock lock(pieces->mutex);
  pieces->ended.wait(lock, [&] { return pieces->in_work == 0; });
  if (pieces->failure) std::rethrow_exception(pieces->failure);
}

bool pays_threads(std::int64_t count, std::int64_t values) {
  constexpr std::int64_t kFew = 1 << 15;
  return at::get_num_threads() > 1 && count > 1 && values > kFew;
}

}  // namespace podscale
