#include "podscale/mesh/resize.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace podscale {
namespace {

/// One side of the new plane from the same side of the old one: out[i] = sum_t weight * in[index].
struct Taps {
  idx_t out = 0, each = 0;
  std::vector<idx_t> index{};     ///< [out][each]
  std::vector<double> weights{};  ///< [out][each]
};

double keys(double x) {
  x = std::abs(x);
  if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

Taps bicubic_taps(idx_t n, idx_t out) {
  const double scale = static_cast<double>(out) / static_cast<double>(n);
  const double shrink = std::min(scale, 1.0), width = 4 / shrink;
  Taps taps{out, static_cast<idx_t>(std::ceil(width)) + 2};
  for (idx_t i = 0; i < out; ++i) {
    const double middle = (static_cast<double>(i) + 0.5) / scale - 0.5;
    const auto first = static_cast<idx_t>(std::floor(middle - width / 2));
    const std::size_t begin = taps.weights.size();
    double sum = 0;
    for (idx_t t = 0; t < taps.each; ++t) {
      const double w = shrink * keys(shrink * (middle - static_cast<double>(first + t)));
      taps.index.push_back(mirrored(first + t, n));
      taps.weights.push_back(w);
      sum += w;
    }
    for (std::size_t k = begin; k < taps.weights.size(); ++k) taps.weights[k] /= sum;
  }
  return taps;
}

Taps block_taps(idx_t n, int factor) {
  Taps taps{n / factor, factor};
  for (idx_t j = 0; j < taps.out * factor; ++j) taps.index.push_back(j);
  taps.weights.assign(taps.index.size(), 1.0 / factor);
  return taps;
}

/// The inverse transform of what is left of the transform: a sum of cosines, as the band is
/// symmetric. Its outermost wave number of an even side counts half at either end.
Taps k_space_taps(idx_t n, int factor) {
  const idx_t out = n / factor;
  Taps taps{out, n};
  for (idx_t i = 0; i < out; ++i)
    for (idx_t j = 0; j < n; ++j) {
      const double lag = (static_cast<double>(i) + 0.5) / static_cast<double>(out) -
                         (static_cast<double>(j) + 0.5) / static_cast<double>(n);
      double weight = 1;
      for (idx_t k = 1; 2 * k <= out; ++k)
        weight += (2 * k == out ? 1 : 2) * std::cos(2 * std::numbers::pi * static_cast<double>(k) * lag);
      taps.index.push_back(j);
      taps.weights.push_back(weight / static_cast<double>(n));
    }
  return taps;
}

/// Rows by `down`, columns by `across`.
Plane apply(const Plane& from, const Taps& down, const Taps& across) {
  const idx_t nx = from.nx;
  std::vector<double> rows(static_cast<std::size_t>(down.out * nx), 0.0);
  for (idx_t i = 0; i < down.out; ++i)
    for (idx_t t = 0; t < down.each; ++t) {
      const double w = down.weights[i * down.each + t];
      if (w == 0) continue;
      const float* row = from.values.data() + down.index[i * down.each + t] * nx;
      for (idx_t x = 0; x < nx; ++x) rows[i * nx + x] += w * row[x];
    }
  Plane to{down.out, across.out};
  to.values.resize(static_cast<std::size_t>(to.ny * to.nx));
  for (idx_t i = 0; i < to.ny; ++i)
    for (idx_t x = 0; x < to.nx; ++x) {
      double sum = 0;
      for (idx_t t = 0; t < across.each; ++t)
        sum += across.weights[x * across.each + t] * rows[i * nx + across.index[x * across.each + t]];
      to.values[i * to.nx + x] = static_cast<float>(sum);
    }
  return to;
}

}  // namespace

Plane resize_bicubic(const Plane& from, idx_t ny, idx_t nx) {
  PODSCALE_ASSERT(!from.empty() && ny > 0 && nx > 0, "{} x {} to {} x {}", from.ny, from.nx, ny, nx);
  return apply(from, bicubic_taps(from.ny, ny), bicubic_taps(from.nx, nx));
}

Plane block_mean(const Plane& from, int factor) {
  return apply(from, block_taps(from.ny, factor), block_taps(from.nx, factor));
}

Plane truncate_k_space(const Plane& from, int factor) {
  return apply(from, k_space_taps(from.ny, factor), k_space_taps(from.nx, factor));
}

Plane part_of(const Plane& from, idx_t y, idx_t x, idx_t ny, idx_t nx) {
  PODSCALE_ASSERT(y >= 0 && x >= 0 && y + ny <= from.ny && x + nx <= from.nx,
                  "{} x {} from {}, {} of {} x {}", ny, nx, y, x, from.ny, from.nx);
  Plane to{ny, nx};
  to.values.reserve(static_cast<std::size_t>(ny * nx));
  for (const idx_t end = y + ny; y < end; ++y) {
    const auto row = from.values.begin() + y * from.nx + x;
    to.values.insert(to.values.end(), row, row + nx);
  }
  return to;
}

}  // namespace podscale
