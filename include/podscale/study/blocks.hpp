#pragma once
// The loop over a period in blocks of time.

#include <algorithm>
#include <string>

#include "podscale/core/log.hpp"

namespace podscale {

/// Calls work(first, count) for blocks of at most `block` of `total` times, in order.
template <class Work>
void for_blocks(std::size_t total, long block, const Work& work) {
  for (std::size_t first = 0; first < total; first += static_cast<std::size_t>(block))
    work(first, std::min(static_cast<std::size_t>(block), total - first));
}

/// The same with a progress line for long series.
template <class Work>
void for_blocks(const std::string& title, std::size_t total, long block, const Work& work) {
  Progress progress(title, static_cast<long>(total), "times");
  for_blocks(total, block, [&](std::size_t first, std::size_t count) {
    work(first, count);
    progress.update(static_cast<long>(first + count));
  });
  progress.finish();
}

}  // namespace podscale
