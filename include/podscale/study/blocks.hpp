#pragma once
// The loop over a period in blocks of time.

#include <algorithm>
#include <string>

#include "podscale/core/log.hpp"

namespace podscale {

/// Calls work(first, count) for blocks of at most `block` of `total` times, in order; a progress line for
/// long series.
template <class Work>
void for_blocks(const std::string& title, std::size_t total, long block, const Work& work) {
  Progress progress(title, static_cast<long>(total), "times");
  for (std::size_t first = 0; first < total; first += static_cast<std::size_t>(block)) {
    const std::size_t count = std::min(static_cast<std::size_t>(block), total - first);
    work(first, count);
    progress.update(static_cast<long>(first + count));
  }
  progress.finish();
}

}  // namespace podscale
