#pragma once
// A region of square patches and standardised noise for its network.

#include <cmath>
#include <cstdint>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/network/model.hpp"

namespace podscale::benchmark {

inline TokenLayout square_layout(int tokens, int modes) {
  TokenLayout layout{tokens, modes, modes, {}, {}, {}};
  const int side = static_cast<int>(std::ceil(std::sqrt(tokens)));
  for (int p = 0; p < tokens; ++p) {
    layout.centre_lat.push_back(-40.0f + 2 * static_cast<float>(p / side));
    layout.centre_lon.push_back(150.0f + 2 * static_cast<float>(p % side));
  }
  layout.active.assign(static_cast<std::size_t>(layout.latent_size()), 1);
  return layout;
}

inline std::vector<float> normal_floats(long count, std::uint32_t number) {
  std::vector<float> values(count);
  CounterRandom(7, Stream::test).fill_normal(std::span(values), number);
  return values;
}

}  // namespace podscale::benchmark
