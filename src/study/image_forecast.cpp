#include "podscale/study/image_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/random.hpp"

namespace podscale {

std::uint64_t image_key(std::uint64_t seed, const std::string& name) {
  Checksum sum;
  sum.add(seed);
  sum.add_bytes(name.data(), name.size());
  return sum.value();
}

std::string shifts_problem(const WindowShape& shape, int shifts) {
  const int cells = shape.patch / shape.factor;
  if (shifts != 1 && shifts != 2 && shifts != 4)
    return fmt::format("images.shifts = {}; expected 1, 2 or 4", shifts);
  if (shifts > 1 && cells % 2 != 0)
    return fmt::format(
        "images.shifts = {} with images.patch = {} and images.factor = {}: half a patch is not of "
        "whole LR cells; expected images.shifts = 1, or a patch of {} points",
        shifts, shape.patch, shape.factor, shape.patch + shape.factor);
  return "";
}

namespace {

/// Cells that each grid begins before the image: rows, columns.
std::vector<std::array<idx_t, 2>> grid_shifts(const WindowShape& shape, int shifts) {
  const idx_t half = shape.patch / shape.factor / 2;
  if (shifts == 1) return {{0, 0}};
  if (shifts == 2) return {{0, 0}, {half, half}};
  return {{0, 0}, {0, half}, {half, 0}, {half, half}};
}

/// w^2: those of all grids add up to 1 at every point.
std::vector<double> grid_shares(int patch, int shifts) {
  const auto rise = [&](int i) {
    const double s = std::sin(std::numbers::pi * (i + 0.5) / patch);
    return s * s;
  };
  std::vector<double> shares;
  for (int y = 0; y < patch; ++y)
    for (int x = 0; x < patch; ++x)
      shares.push_back(shifts == 1 ? 1 : shifts == 2 ? (rise(y) + rise(x)) / 2 : rise(y) * rise(x));
  return shares;
}

}  // namespace

WindowBatch PlaneForecast::windows_of(const ImagePatches& grid) const {
  const idx_t cells = base_.shape.patch / base_.shape.factor;
  std::vector<std::array<idx_t, 2>> corners;
  for (idx_t p = 0; p < grid.count(); ++p)
    corners.push_back({p / grid.columns * cells - grid.row, p % grid.columns * cells - grid.column});
  return cut_windows(lr_, base_.shape, corners, range_);
}

PlaneForecast::PlaneForecast(const PooledBase& base, const WindowNetwork* network, const Plane& lr,
                             double range, const ImageCalibration& calibration)
    : base_(base), network_(network), lr_(lr), range_(range), level_(calibration.level) {
  const std::string problem = shifts_problem(base.shape, calibration.shifts);
  PODSCALE_ASSERT(problem.empty(), "{}", problem);
  const idx_t cells = base.shape.patch / base.shape.factor, points = base.shape.points();
  mean_ = {lr.ny * base.shape.factor, lr.nx * base.shape.factor, {}};
  variance_ = {mean_.ny, mean_.nx, {}};
  std::vector<double> mean(static_cast<std::size_t>(mean_.ny * mean_.nx), 0.0), variance = mean;
  const std::vector<double> of_point = base.point_variance(),
                            share = grid_shares(base.shape.patch, calibration.shifts);
  std::vector<ImagePatches> grids;
  for (const auto& [row, column] : grid_shifts(base.shape, calibration.shifts)) {
    ImagePatches& grid = grids.emplace_back(ImagePatches{
        row, column, (lr.ny + row + cells - 1) / cells, (lr.nx + column + cells - 1) / cells, {}});
    const WindowBatch windows = windows_of(grid);
    PooledForecast forecast = base.forecast(windows, range);
    if (network) network->correct(windows, grid.rows, grid.columns, range, forecast);
    for (idx_t p = 0; p < grid.count(); ++p) {
      const double square = static_cast<double>(forecast.scale[p]) * forecast.scale[p];
      for_patch_points(base.shape, grid, p, mean_.ny, mean_.nx, [&](idx_t i, idx_t y, idx_t x) {
        mean[y * mean_.nx + x] += share[i] * forecast.mean[p * points + i];
        variance[y * mean_.nx + x] += share[i] * square * of_point[i];
      });
    }
    grid.scale = std::move(forecast.scale);
  }
  mean_.values.assign(mean.begin(), mean.end());
  for (const double v : variance) variance_.values.push_back(static_cast<float>(level_ * v));
  whole_ = grids.front();
  residual_.emplace(base, mean_.ny, mean_.nx, std::move(grids), share);
}

/// Of a network that makes members: its coefficients on one grid, which its denoiser joins.
std::vector<double> PlaneForecast::network_residual(std::uint64_t key, int member) const {
  const idx_t points = base_.shape.points(), kept = base_.kept_modes();
  const std::vector<double> factor = base_.factor();
  const std::vector<float> drawn =
      network_->residual_member(windows_of(whole_), whole_.rows, whole_.columns, range_, key, member);
  const CounterRandom random(key, Stream::sampler);
  std::vector<double> deviation(mean_.values.size(), 0.0), left_out(static_cast<std::size_t>(points));
  std::vector<double> coefficients(static_cast<std::size_t>(whole_.columns * kept)),
      residual(static_cast<std::size_t>(whole_.columns * points));
  for (idx_t row = 0; row < whole_.rows; ++row) {
    const idx_t first = row * whole_.columns;
    std::copy_n(drawn.begin() + first * kept, whole_.columns * kept, coefficients.begin());
    gemm(false, false, static_cast<int>(points), static_cast<int>(whole_.columns), static_cast<int>(kept), 1,
         factor.data(), static_cast<int>(points), coefficients.data(), static_cast<int>(kept), 0,
         residual.data(), static_cast<int>(points));
    for (idx_t c = 0; c < whole_.columns; ++c) {
      double* own = residual.data() + c * points;
      if (kept < points) {
        random.fill_normal(std::span(left_out), static_cast<std::uint32_t>(first + c),
                           static_cast<std::uint32_t>(member), 1);
        for (idx_t i = 0; i < points; ++i) own[i] += std::sqrt(level_ * base_.truncation[i]) * left_out[i];
      }
      for_patch_points(base_.shape, whole_, first + c, mean_.ny, mean_.nx, [&](idx_t i, idx_t y, idx_t x) {
        deviation[y * mean_.nx + x] = whole_.scale[first + c] * own[i];
      });
    }
  }
  return deviation;
}

Plane PlaneForecast::member(std::uint64_t key, int member) const {
  // The level is that of a Gaussian of least CRPS. A diffusion draws errors as they are, whose
  // tails are longer and whose variance is larger.
  const bool diffusion = network_ && network_->makes_members();
  const std::vector<double> deviation =
      diffusion ? network_residual(key, member) : residual_->draw(key, member);
  const double spread = diffusion ? 1 : std::sqrt(level_);
  Plane result{mean_.ny, mean_.nx, mean_.values};
  for (std::size_t i = 0; i < deviation.size(); ++i)
    result.values[i] += static_cast<float>(spread * deviation[i]);
  return result;
}

double PlaneForecast::functional_variance(std::span<const double> weights) const {
  return level_ * residual_->functional_variance(weights);
}

Plane PlaneForecast::box_variance(idx_t n) const {
  Plane boxes = residual_->box_variance(n);
  for (float& v : boxes.values) v = static_cast<float>(level_ * v);
  return boxes;
}

}  // namespace podscale
