#include "podscale/gaussian/pooled_base.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"

namespace podscale {
namespace {

/// Root mean square of half the Laplacian over a window, with Gaussian weights about its centre,
/// whose standard deviation is one LR cell.
class Detail {
 public:
  explicit Detail(const WindowShape& shape) : side_(shape.side()) {
    const double middle = 0.5 * static_cast<double>(side_ - 1);
    double sum = 0;
    for (idx_t i = 0; i < shape.cells(); ++i) {
      const double y = static_cast<double>(i / side_) - middle, x = static_cast<double>(i % side_) - middle;
      sum += weights_.emplace_back(std::exp(-0.5 * (y * y + x * x)));
    }
    for (double& w : weights_) w /= sum;
  }
  double of(const float* window) const {
    double square = 0;
    for (idx_t y = 0; y < side_; ++y)
      for (idx_t x = 0; x < side_; ++x) {
        const idx_t i = y * side_ + x;
        const float mine = window[i];
        float sum = 0;
        if (y > 0) sum += window[i - side_] - mine;
        if (y + 1 < side_) sum += window[i + side_] - mine;
        if (x > 0) sum += window[i - 1] - mine;
        if (x + 1 < side_) sum += window[i + 1] - mine;
        square += weights_[i] * static_cast<double>(sum) * sum / 4;
      }
    return std::sqrt(square);
  }

 private:
  idx_t side_;
  std::vector<double> weights_{};
};

}  // namespace

WindowBatch cut_windows(const Plane& lr, const WindowShape& shape,
                        std::span<const std::array<idx_t, 2>> corners, double range) {
  PODSCALE_ASSERT(!lr.empty() && range > 0, "{} x {} cells, range {}", lr.ny, lr.nx, range);
  const idx_t side = shape.side(), cells = shape.cells();
  WindowBatch batch{.count = std::ssize(corners)};
  batch.cells.resize(static_cast<std::size_t>(batch.count * cells));
  std::vector<idx_t> columns(static_cast<std::size_t>(side));
  float* out = batch.cells.data();
  const Detail detail(shape);
  for (const auto& [row, column] : corners) {
    for (idx_t j = 0; j < side; ++j) columns[j] = mirrored(column - shape.halo + j, lr.nx);
    double sum = 0;
    for (idx_t i = 0; i < side; ++i) {
      const float* line = lr.values.data() + mirrored(row - shape.halo + i, lr.ny) * lr.nx;
      for (idx_t j = 0; j < side; ++j) sum += out[i * side + j] = line[columns[j]];
    }
    // Less the mean as it is stored, so that what is taken away is what is added again.
    const float mean = static_cast<float>(sum / static_cast<double>(cells));
    double square = 0;
    for (idx_t i = 0; i < cells; ++i) {
      out[i] -= mean;
      square += static_cast<double>(out[i]) * out[i];
    }
    const float contrast =
        static_cast<float>(std::max(contrast_floor * range, std::sqrt(square / static_cast<double>(cells))));
    batch.detail.push_back(static_cast<float>(std::hypot(contrast_floor * range, detail.of(out))));
    for (idx_t i = 0; i < cells; ++i) out[i] /= contrast;
    batch.mean.push_back(mean);
    batch.contrast.push_back(contrast);
    out += cells;
  }
  return batch;
}

std::size_t PooledBase::contrast_class(double detail, double range) const {
  return static_cast<std::size_t>(
      std::upper_bound(contrast_edges.begin(), contrast_edges.end(), std::log(detail / range)) -
      contrast_edges.begin());
}

PooledForecast PooledBase::forecast(const WindowBatch& windows, double range) const {
  const idx_t cells = shape.cells(), points = shape.points();
  PooledForecast forecast{windows.count, {}, {}};
  forecast.mean.resize(static_cast<std::size_t>(windows.count * points));
  constexpr idx_t block = 256;  // windows, in the cache with their forecasts
  std::vector<double> x(static_cast<std::size_t>(block * cells)), y(static_cast<std::size_t>(block * points));
  for (idx_t first = 0; first < windows.count; first += block) {
    const idx_t n = std::min(block, windows.count - first);
    std::copy_n(windows.cells.begin() + first * cells, n * cells, x.begin());
    gemm(true, false, static_cast<int>(points), static_cast<int>(n), static_cast<int>(cells), 1,
         regression.data(), static_cast<int>(cells), x.data(), static_cast<int>(cells), 0, y.data(),
         static_cast<int>(points));
    for (idx_t w = 0; w < n; ++w) {
      const double mean = windows.mean[first + w], contrast = windows.contrast[first + w];
      float* out = forecast.mean.data() + (first + w) * points;
      for (idx_t i = 0; i < points; ++i) out[i] = static_cast<float>(mean + contrast * y[w * points + i]);
    }
  }
  for (const float detail : windows.detail)
    forecast.scale.push_back(
        static_cast<float>(contrast_edges.empty() ? range * contrast_scale.front()
                                                  : detail * contrast_scale[contrast_class(detail, range)]));
  return forecast;
}

std::vector<double> PooledBase::factor() const {
  const idx_t points = shape.points(), kept = kept_modes();
  std::vector<double> columns(static_cast<std::size_t>(kept * points), 0.0);
  for (idx_t k = 0; k < kept; ++k)
    for (idx_t j = k; j < kept; ++j)
      if (const double r = root[j * kept + k]; r != 0)
        for (idx_t i = 0; i < points; ++i) columns[k * points + i] += r * modes[j * points + i];
  return columns;
}

std::vector<double> PooledBase::point_variance() const {
  std::vector<double> variance = truncation;
  const std::vector<double> columns = factor();
  const idx_t points = shape.points();
  for (idx_t k = 0; k < kept_modes(); ++k)
    for (idx_t i = 0; i < points; ++i) variance[i] += columns[k * points + i] * columns[k * points + i];
  return variance;
}

}  // namespace podscale
