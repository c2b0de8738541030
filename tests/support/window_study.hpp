#pragma once
// Windows whose truth is a base without skill plus a bend of the window that no linear map sees,
// and noise: a small problem that a window network can learn.

#include <cmath>
#include <cstdint>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/network/window_training.hpp"

namespace podscale::test {

inline constexpr WindowShape small_window{.patch = 4, .factor = 2, .halo = 1};  // 4 x 4 cells, 4 x 4 points
inline constexpr float window_noise = 0.1F;

inline WindowModelOptions small_windows(int blocks = 0) {
  WindowModelOptions options;
  options.shape = small_window;
  options.width = 32, options.layers = 1, options.blocks = blocks, options.heads = 4, options.tile = 2;
  options.modes = 16;
  return options;
}

/// Over the contrast: what the truth is above the base at point i of the window x.
inline float bend(const float* x, idx_t i) {
  return 0.5F * std::abs(x[(i + 5) % 16]) - 0.4F;
}

inline WindowSamples window_samples(long step, idx_t first, idx_t count, float scale = 1) {
  WindowSamples s;
  s.windows.count = s.base.count = count;
  s.windows.cells.resize(static_cast<std::size_t>(16 * count));
  s.target.resize(s.windows.cells.size());
  s.base.mean.resize(s.windows.cells.size());
  std::vector<float> noise(16);
  for (idx_t w = 0; w < count; ++w) {
    const auto key = static_cast<std::uint32_t>(step), number = static_cast<std::uint32_t>(first + w);
    const CounterRandom random(4, Stream::test);
    float* x = s.windows.cells.data() + 16 * w;
    random.fill_normal(std::span(x, 16), key, number);
    random.fill_normal(std::span(noise), key, number, 1);
    const float contrast = scale * static_cast<float>(0.02 + 0.2 * random.uniform(key, number, 2)),
                mean = scale * static_cast<float>(0.3 + 0.4 * random.uniform(key, number, 3));
    s.windows.mean.push_back(mean);
    s.windows.contrast.push_back(contrast);
    s.base.scale.push_back(0.5F * contrast);
    for (idx_t i = 0; i < 16; ++i) {
      s.base.mean[16 * w + i] = mean + contrast * 0.3F * x[i];
      s.target[16 * w + i] = s.base.mean[16 * w + i] + contrast * (bend(x, i) + window_noise * noise[i]);
    }
  }
  return s;
}

/// Of tiles of side x side patches.
inline WindowDraw window_draw(idx_t side = 1) {
  return [=](long step, idx_t first, idx_t count) {
    return window_samples(step, first * side * side, count * side * side);
  };
}

}  // namespace podscale::test
