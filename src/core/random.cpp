#include "podscale/core/random.hpp"

#include <cmath>
#include <numbers>

namespace podscale {
namespace {

constexpr double to_unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 32 | low) >> 11;  // 53 bits
  return (static_cast<double>(bits) + 0.5) * 0x1p-53;
}

template <class T>
void box_muller(std::span<T> out, std::array<std::uint32_t, 2> key, std::uint32_t a, std::uint32_t b,
                std::uint32_t c, std::size_t from = 0) {
  const std::size_t end = from + out.size();
  for (std::size_t pair = from / 2; 2 * pair < end; ++pair) {
    const auto r = philox4x32({a, b, c, static_cast<std::uint32_t>(pair)}, key);
    const double radius = std::sqrt(-2.0 * std::log(to_unit(r[0], r[1])));
    const double angle = 2.0 * std::numbers::pi * to_unit(r[2], r[3]);
    if (2 * pair >= from) out[2 * pair - from] = static_cast<T>(radius * std::cos(angle));
    if (2 * pair + 1 < end) out[2 * pair + 1 - from] = static_cast<T>(radius * std::sin(angle));
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

CounterRandom::CounterRandom(std::uint64_t seed, Stream stream) {
  // The stream is mixed into the key through the bijection itself, so that seeds 1, 2, 3 ... stay
  // far apart.
  const auto mixed = philox4x32({static_cast<std::uint32_t>(stream), 0, 0, 0},
                                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  key_ = {mixed[0], mixed[1]};
}

double CounterRandom::uniform(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  const auto r = philox4x32({a, b, c, d}, key_);
  return to_unit(r[0], r[1]);
}

std::uint64_t CounterRandom::integer(std::uint32_t a, std::uint32_t b) const {
  const auto r = philox4x32({a, b, 0, 0}, key_);
  return (std::uint64_t{r[0]} << 32) | r[1];
}

void CounterRandom::fill_normal(std::span<float> out, std::uint32_t a, std::uint32_t b, std::uint32_t c,
                                std::size_t from) const {
  box_muller(out, key_, a, b, c, from);
}
void CounterRandom::fill_normal(std::span<double> out, std::uint32_t a, std::uint32_t b,
                                std::uint32_t c) const {
  box_muller(out, key_, a, b, c);
}

}  // namespace podscale
