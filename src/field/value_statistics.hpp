#pragma once
// What the values of a series are like: how often each number occurs, and what each time holds.
// Private to src/field.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

constexpr std::size_t kFewest = 10;  // times or points of which one can say that nothing changes

/// Bins of float32 numbers in their order: sign, exponent and 11 bits of the rest.
constexpr std::size_t kBins = 1u << 20;
inline std::size_t bin_of(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v == 0 ? 0.0f : v);
  return (bits & 0x80000000u ? ~bits : bits | 0x80000000u) >> 12;
}
inline double edge_of(std::size_t bin, bool upper) {
  const std::uint32_t key = static_cast<std::uint32_t>(bin) << 12 | (upper ? 0xfffu : 0u);
  return static_cast<double>(std::bit_cast<float>(key & 0x80000000u ? key & 0x7fffffffu : ~key));
}

/// A value and where it was met: place = position among the steps * mesh points + point.
struct Met {
  double value = 0;
  long place = std::numeric_limits<long>::max();
};

struct OfTime {
  double low = INFINITY, high = -INFINITY;
  long valid = 0;
  long repeated = 0;  ///< values that are those of the time before
};

/// Of one channel.
struct ValueStatistics {
  std::vector<OfTime> times;
  std::vector<long> bins = std::vector<long>(kBins, 0);
  std::vector<long> constants = std::vector<long>(kBins, 0);  ///< points of one value at all times
  double constant = -INFINITY;                                ///< the one that most of them have
  long valid = 0, outside = 0;                                ///< outside: of the plausible range
  Met low{INFINITY}, high{-INFINITY}, first_outside;
};

/// Collective on the source's communicator; the same on all ranks, [channels]. Of the steps at
/// every point that the source's mask leaves and that repeats no other.
std::vector<ValueStatistics> value_statistics(const FieldSource& source, std::span<const long> steps);

}  // namespace podscale
