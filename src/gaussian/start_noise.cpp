#include "podscale/gaussian/start_noise.hpp"

namespace podscale {

void StartNoise::latents(const TokenLayout& layout, std::uint64_t time_key, int member,
                         const Temperature& temperature, std::span<float> out, std::uint32_t step) const {
  values(time_key, member, 0, out, step);
  scale(layout, 0, temperature, out);
}

void StartNoise::latents_of(const TokenLayout& layout, std::span<const long> tokens, std::uint64_t time_key,
                            int member, const Temperature& temperature, std::span<float> out,
                            std::uint32_t step) const {
  for (std::size_t i = 0; i < tokens.size();) {
    std::size_t run = 1;  // tokens in a row
    while (i + run < tokens.size() && tokens[i + run] == tokens[i] + static_cast<long>(run)) ++run;
    const auto part = out.subspan(i * modes_, run * modes_);
    values(time_key, member, tokens[i], part, step);
    scale(layout, tokens[i], temperature, part);
    i += run;
  }
}

/// Temperature and padding of the tokens from `first` on.
void StartNoise::scale(const TokenLayout& layout, long first, const Temperature& temperature,
                       std::span<float> out) const {
  const std::size_t patches = static_cast<std::size_t>(layout.tokens - layout.global_tokens) * modes_,
                    from = static_cast<std::size_t>(first) * modes_;
  for (std::size_t j = 0; j < out.size(); ++j) {
    const std::size_t i = from + j;
    out[j] *= layout.active[i] ? (i < patches ? temperature.of_mode(i % modes_) : temperature.global) : 0.0f;
    if (i < patches && !temperature.token.empty()) out[j] *= temperature.token[i / modes_];
  }
}

}  // namespace podscale
