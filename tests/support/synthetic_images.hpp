#pragma once
// Images whose HR is the linear interpolation of LR, and noise.

#include <cmath>
#include <cstdint>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/gaussian/pooled_fit.hpp"

namespace podscale::test {

inline constexpr WindowShape window_shape{.patch = 4, .factor = 2, .halo = 1};  // 4 x 4 cells, 4 x 4 points
inline constexpr idx_t image_side = 11;                                         // LR cells of an image

inline idx_t mirrored_inside(idx_t i, idx_t n) {
  return i < 0 ? -1 - i : i >= n ? 2 * n - 1 - i : i;
}

/// Linear interpolation to twice as many points, mirrored at the edges.
inline Plane interpolated(const Plane& lr) {
  Plane hr{2 * lr.ny, 2 * lr.nx, {}};
  for (idx_t y = 0; y < hr.ny; ++y)
    for (idx_t x = 0; x < hr.nx; ++x) {
      const idx_t y0 = y / 2, x0 = x / 2, y1 = mirrored_inside(y % 2 ? y0 + 1 : y0 - 1, lr.ny),
                  x1 = mirrored_inside(x % 2 ? x0 + 1 : x0 - 1, lr.nx);
      const auto at = [&](idx_t r, idx_t c) { return static_cast<double>(lr.values[r * lr.nx + c]); };
      hr.values.push_back(
          static_cast<float>((9 * at(y0, x0) + 3 * at(y1, x0) + 3 * at(y0, x1) + at(y1, x1)) / 16));
    }
  return hr;
}

/// noise: what HR has beside the interpolation, times the local contrast of LR.
inline PlanePair image(idx_t number, double noise, idx_t side = image_side) {
  PlanePair pair{{}, {side, side + 2, {}}, 255};
  const CounterRandom random(5, Stream::test);
  std::vector<float> draws(static_cast<std::size_t>(side * (side + 2)));
  random.fill_normal(std::span(draws), static_cast<std::uint32_t>(number));
  for (idx_t i = 0; i < std::ssize(draws); ++i)  // from flat to rough, from left to right
    pair.lr.values.push_back(100.0F + 40.0F * draws[i] * static_cast<float>(i % (side + 2)) /
                                          static_cast<float>(side));
  pair.hr = interpolated(pair.lr);
  std::vector<float> errors(pair.hr.values.size());
  random.fill_normal(std::span(errors), static_cast<std::uint32_t>(number), 1);
  for (idx_t i = 0; i < std::ssize(errors); ++i)
    pair.hr.values[i] += static_cast<float>(noise) * errors[i] * static_cast<float>(i % pair.hr.nx);
  return pair;
}

inline PlaneSeries series(idx_t first, idx_t size, double noise) {
  return {size, [=](idx_t i) { return image(first + i, noise); }};
}

inline PooledBase fitted(const Communicator& comm, double noise, int modes = 0, int classes = 4) {
  return fit_pooled_base(comm, series(0, 5, noise), series(5, 2, noise),
                         {window_shape, modes, classes, {1e-8, 1e-4}});
}

}  // namespace podscale::test
