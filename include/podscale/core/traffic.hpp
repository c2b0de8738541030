#pragma once
// How much this process reads from files and writes to them, and how long that takes. Nothing here
// is collective.

#include <chrono>
#include <cstdint>

namespace podscale {

struct Traffic {
  std::uint64_t bytes = 0;  ///< of values, as they are in memory: files may hold them compressed
  double seconds = 0;
};

enum class Direction { in, out };

/// Of this process since it began.
Traffic traffic(Direction direction);

/// One transfer of so many bytes, for as long as it lives.
class Transfer {
 public:
  Transfer(Direction direction, std::uint64_t bytes);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

 private:
  Direction direction_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace podscale
