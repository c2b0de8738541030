#include "podscale/core/traffic.hpp"

#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

Traffic totals[2];

Traffic& of(Direction direction) {
  return totals[direction == Direction::in ? 0 : 1];
}

}  // namespace

Traffic traffic(Direction direction) {
  return of(direction);
}

Transfer::Transfer(Direction direction, std::uint64_t bytes) : direction_(direction) {
  of(direction).bytes += bytes;
}

Transfer::~Transfer() {
  of(direction_).seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  pulse::beat();
}

}  // namespace podscale
