#include "unit_gradients.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/vector_clones.hpp"

namespace podscale {
namespace {

/// The largest size of `count` values, as a whole number that grows with it: not finite is above
/// all.
PODSCALE_VECTOR_CLONES int largest_bits(const float* values, std::size_t count) {
  int largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int bits = __builtin_bit_cast(int, values[i]) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

/// x + big - big rounds x to a multiple of the grid that `big` stands for.
PODSCALE_VECTOR_CLONES void add_rounded(const float* values, std::size_t count, double big, double* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += (static_cast<double>(values[i]) + big) - big;
}

constexpr std::size_t kBlock = 1024;  // values whose sums stay in the cache

}  // namespace

void UnitGradients::mean(std::span<float> out) const {
  const bool alone = processes_->size() == 1;
  const std::span mine = std::span(mine_).first(count_);
  int bits_of_largest = 0;
  for (const auto& gradient : mine)
    bits_of_largest = std::max(bits_of_largest, largest_bits(gradient.data(), gradient.size()));
  const float size = __builtin_bit_cast(float, bits_of_largest);
  double largest = std::isfinite(size) ? static_cast<double>(size) : std::numeric_limits<double>::infinity();
  if (!alone) largest = processes_->max(largest);
  if (!std::isfinite(largest)) {
    std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
    return;
  }
  // Sums stay below 2^52 of the grid.
  const int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0,
            bits = static_cast<int>(std::ceil(std::log2(static_cast<double>(parts_))));
  const double grid = std::ldexp(1.0, std::max(exponent + bits - 51, -1000)),
               big = 1.5 * std::ldexp(grid, 52);
  std::vector<double> total(alone ? std::min(out.size(), kBlock) : out.size());
  const auto sum = [&](std::size_t first, std::size_t count, double* sums) {
    std::fill_n(sums, count, 0.0);
    for (const auto& gradient : mine) add_rounded(gradient.data() + first, count, big, sums);
  };
  if (!alone) {
    sum(0, out.size(), total.data());
    processes_->sum(std::span(total));
  }
  for (std::size_t first = 0; first < out.size(); first += kBlock) {
    const std::size_t count = std::min(kBlock, out.size() - first);
    if (alone) sum(first, count, total.data());
    const double* const sums = alone ? total.data() : total.data() + first;
    for (std::size_t i = 0; i < count; ++i) out[first + i] = static_cast<float>(sums[i] / parts_);
  }
}

}  // namespace podscale
