#include "podscale/gaussian/blended_residual.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/random.hpp"

namespace podscale {

BlendedResidual::BlendedResidual(const PooledBase& base, idx_t ny, idx_t nx, std::vector<ImagePatches> grids,
                                 std::vector<double> share)
    : shape_(base.shape), ny_(ny), nx_(nx), grids_(std::move(grids)), share_(std::move(share)) {
  const idx_t points = shape_.points();
  PODSCALE_ASSERT(std::ssize(share_) == points, "{} shares of {} points", share_.size(), points);
  for (const double t : base.truncation) truncation_root_.push_back(std::sqrt(t));
  const std::vector<double> factor = base.factor();
  const int n = static_cast<int>(points), kept = static_cast<int>(base.kept_modes());
  root_.assign(static_cast<std::size_t>(points * points), 0.0);
  // Rows of R are columns of LAPACK's matrix, which is Phi (Phi root)^T.
  gemm(false, true, n, n, kept, 1, base.modes.data(), n, factor.data(), n, 0, root_.data(), n);
  fit_rho(base.point_variance());
}

idx_t BlendedResidual::point_at(const ImagePatches& grid, idx_t y, idx_t x) const {
  const idx_t side = shape_.patch, factor = shape_.factor;
  return (y + grid.row * factor) % side * side + (x + grid.column * factor) % side;
}

double BlendedResidual::scale_at(const ImagePatches& grid, idx_t y, idx_t x) const {
  const idx_t side = shape_.patch, factor = shape_.factor;
  return grid.scale[(y + grid.row * factor) / side * grid.columns + (x + grid.column * factor) / side];
}

/// Covariances of the grids' residuals at a point, s = 1, depend on where it stands in a patch
/// alone.
void BlendedResidual::fit_rho(const std::vector<double>& point_variance) {
  const idx_t side = shape_.patch, points = shape_.points(), count = std::ssize(grids_);
  std::vector<double> covariance;  // [points][grids][grids]
  for (idx_t at = 0; at < points; ++at)
    for (const ImagePatches& g : grids_)
      for (const ImagePatches& h : grids_) {
        const idx_t i = point_at(g, at / side, at % side), j = point_at(h, at / side, at % side);
        const idx_t dy = j / side - i / side, dx = j % side - i % side;
        double sum = truncation_root_[i] * truncation_root_[j];
        for (idx_t y = std::max<idx_t>(0, -dy); y < std::min(side, side - dy); ++y)
          for (idx_t x = std::max<idx_t>(0, -dx); x < std::min(side, side - dx); ++x)
            sum += root_[i * points + y * side + x] * root_[j * points + (y + dy) * side + x + dx];
        covariance.push_back(sum);
      }
  std::vector<double> term(static_cast<std::size_t>(count));
  for (idx_t y = 0; y < ny_; ++y)
    for (idx_t x = 0; x < nx_; ++x) {
      const double* of_grids = covariance.data() + (y % side * side + x % side) * count * count;
      double apart = 0, together = 0;
      for (idx_t g = 0; g < count; ++g) {
        const idx_t i = point_at(grids_[g], y, x);
        const double s = scale_at(grids_[g], y, x);
        term[g] = share_[i] * s;
        apart += share_[i] * s * s * point_variance[i];
      }
      for (idx_t g = 0; g < count; ++g)
        for (idx_t h = 0; h < count; ++h) together += term[g] * term[h] * of_grids[g * count + h];
      rho_.push_back(together > 0 ? std::sqrt(apart / together) : 0);
    }
}

std::vector<double> BlendedResidual::draw(std::uint64_t key, int member) const {
  const idx_t side = shape_.patch, factor = shape_.factor, points = shape_.points();
  const idx_t width = nx_ + 2 * side;
  const CounterRandom random(key, Stream::sampler);
  const auto fill = [&](std::span<double> out, idx_t row, std::uint32_t what) {
    random.fill_normal(out, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(member), what);
  };
  std::vector<double> noise(static_cast<std::size_t>((ny_ + 2 * side) * width)), own(rho_.size(), 0.0),
      result(rho_.size(), 0.0);
  for (idx_t row = 0; row < ny_ + 2 * side; ++row) fill(std::span(noise).subspan(row * width, width), row, 0);
  const bool left_out =
      std::any_of(truncation_root_.begin(), truncation_root_.end(), [](double t) { return t > 0; });
  for (idx_t row = 0; left_out && row < ny_; ++row) fill(std::span(own).subspan(row * nx_, nx_), row, 1);
  for (const ImagePatches& grid : grids_) {
    // A row of patches at a time: their residuals are one product of matrices.
    std::vector<double> under(static_cast<std::size_t>(grid.columns * points)), residual(under.size());
    for (idx_t row = 0; row < grid.rows; ++row) {
      for (idx_t c = 0; c < grid.columns; ++c)
        for (idx_t i = 0; i < side; ++i)
          std::copy_n(noise.begin() + ((row + 1) * side - grid.row * factor + i) * width + (c + 1) * side -
                          grid.column * factor,
                      side, under.begin() + c * points + i * side);
      gemm(true, false, static_cast<int>(points), static_cast<int>(grid.columns), static_cast<int>(points), 1,
           root_.data(), static_cast<int>(points), under.data(), static_cast<int>(points), 0, residual.data(),
           static_cast<int>(points));
      for (idx_t c = 0; c < grid.columns; ++c) {
        const idx_t patch = row * grid.columns + c;
        const double scale = grid.scale[patch];
        for_patch_points(shape_, grid, patch, ny_, nx_, [&](idx_t i, idx_t y, idx_t x) {
          result[y * nx_ + x] +=
              share_[i] * scale * (residual[c * points + i] + truncation_root_[i] * own[y * nx_ + x]);
        });
      }
    }
  }
  for (std::size_t i = 0; i < result.size(); ++i) result[i] *= rho_[i];
  return result;
}

/// Adds to noise, whose upper left is the noise at (row, column) of the image, how much of each
/// goes into weight times the residual at (y, x). The variance of the point's own part.
double BlendedResidual::spread(idx_t y, idx_t x, double weight, double* noise, idx_t row, idx_t column,
                               idx_t width) const {
  const idx_t side = shape_.patch, points = shape_.points();
  double own = 0;
  weight *= rho_[y * nx_ + x];
  for (const ImagePatches& grid : grids_) {
    const idx_t i = point_at(grid, y, x);
    const double term = weight * share_[i] * scale_at(grid, y, x);
    own += term * truncation_root_[i];
    const double* from = root_.data() + i * points;
    double* to = noise + (y - i / side - row) * width + x - i % side - column;
    for (idx_t r = 0; r < side; ++r)
      for (idx_t c = 0; c < side; ++c) to[r * width + c] += term * from[r * side + c];
  }
  return own * own;
}

double BlendedResidual::functional_variance(std::span<const double> weights) const {
  PODSCALE_ASSERT(weights.size() == rho_.size(), "{} weights of {} points", weights.size(), rho_.size());
  const idx_t side = shape_.patch, width = nx_ + 2 * side;
  std::vector<double> noise(static_cast<std::size_t>((ny_ + 2 * side) * width), 0.0);
  double variance = 0;
  for (idx_t y = 0; y < ny_; ++y)
    for (idx_t x = 0; x < nx_; ++x)
      if (const double f = weights[y * nx_ + x]; f != 0)
        variance += spread(y, x, f, noise.data(), -side, -side, width);
  for (const double a : noise) variance += a * a;
  return variance;
}

Plane BlendedResidual::box_variance(idx_t n) const {
  PODSCALE_ASSERT(n > 0, "boxes of {} points", n);
  const idx_t side = shape_.patch, width = n + 2 * side;
  Plane boxes{ny_ / n, nx_ / n, {}};
  std::vector<double> noise(static_cast<std::size_t>(width * width));
  const double share = 1 / static_cast<double>(n * n);
  for (idx_t row = 0; row < boxes.ny; ++row)
    for (idx_t column = 0; column < boxes.nx; ++column) {
      std::fill(noise.begin(), noise.end(), 0.0);
      double variance = 0;
      for (idx_t y = row * n; y < (row + 1) * n; ++y)
        for (idx_t x = column * n; x < (column + 1) * n; ++x)
          variance += spread(y, x, share, noise.data(), row * n - side, column * n - side, width);
      for (const double a : noise) variance += a * a;
      boxes.values.push_back(static_cast<float>(variance));
    }
  return boxes;
}

}  // namespace podscale
