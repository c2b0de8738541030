#include "podscale/gaussian/start_noise.hpp"

namespace podscale {

void StartNoise::latents(const TokenLayout& layout, std::uint64_t time_key, int member,
                         const Temperature& temperature, std::span<float> out, std::uint32_t step) const {
  values(time_key, member, 0, out, step);
  const std::size_t patches = static_cast<std::size_t>(layout.tokens - layout.global_tokens) * modes_;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] *= layout.active[i] ? (i < patches ? temperature.of_mode(i % modes_) : temperature.global) : 0.0f;
    if (i < patches && !temperature.token.empty()) out[i] *= temperature.token[i / modes_];
  }
}

}  // namespace podscale
