#include "host_threads.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <latch>
#include <mutex>

namespace podscale {

void on_host_threads(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  const auto others = std::max<std::int64_t>(0, std::min<std::int64_t>(at::get_num_threads(), count) - 1);
  std::atomic<std::int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto share = [&] {
    try {
      for (std::int64_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = count;
    }
  };
  std::latch done(others);
  for (std::int64_t i = 0; i < others; ++i)
    at::launch([&] {
      share();
      done.count_down();
    });
  share();
  done.wait();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace podscale
