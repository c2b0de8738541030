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

/// w: of the squares, those of all grids add up to 1 at every point.
std::vector<double> grid_weights(int patch, int shifts) {
  const auto rise = [&](int i) {
    const double s = std::sin(std::numbers::pi * (i + 0.5) / patch);
    return s * s;
  };
  std::vector<double> weights;
  for (int y = 0; y < patch; ++y)
    for (int x = 0; x < patch; ++x)
      weights.push_back(shifts == 1   ? 1
                        : shifts == 2 ? std::sqrt((rise(y) + rise(x)) / 2)
                                      : std::sqrt(rise(y) * rise(x)));
  return weights;
}

}  // namespace

template <class Visit>
void PlaneForecast::for_points(const Grid& grid, idx_t patch, const Visit& visit) const {
  const idx_t side = base_.shape.patch, factor = base_.shape.factor;
  const idx_t y0 = patch / grid.columns * side - grid.row * factor,
              x0 = patch % grid.columns * side - grid.column * factor;
  for (idx_t i = std::max<idx_t>(0, -y0); i < std::min(side, mean_.ny - y0); ++i)
    for (idx_t j = std::max<idx_t>(0, -x0); j < std::min(side, mean_.nx - x0); ++j)
      visit(i * side + j, y0 + i, x0 + j);
}

WindowBatch PlaneForecast::windows_of(const Grid& grid) const {
  const idx_t cells = base_.shape.patch / base_.shape.factor;
  std::vector<std::array<idx_t, 2>> corners;
  for (idx_t p = 0; p < grid.count(); ++p)
    corners.push_back({p / grid.columns * cells - grid.row, p % grid.columns * cells - grid.column});
  return cut_windows(lr_, base_.shape, corners, range_);
}

PlaneForecast::PlaneForecast(const PooledBase& base, const WindowNetwork* network, const Plane& lr,
                             double range, const ImageCalibration& calibration)
    : base_(base),
      network_(network),
      lr_(lr),
      range_(range),
      level_(calibration.level),
      factor_(base.factor()) {
  const std::string problem = shifts_problem(base.shape, calibration.shifts);
  PODSCALE_ASSERT(problem.empty(), "{}", problem);
  const idx_t cells = base.shape.patch / base.shape.factor, points = base.shape.points();
  mean_ = {lr.ny * base.shape.factor, lr.nx * base.shape.factor, {}};
  variance_ = {mean_.ny, mean_.nx, {}};
  std::vector<double> mean(static_cast<std::size_t>(mean_.ny * mean_.nx), 0.0), variance = mean;
  const std::vector<double> of_point = base.point_variance(),
                            weight = grid_weights(base.shape.patch, calibration.shifts);
  for (const auto& [row, column] : grid_shifts(base.shape, calibration.shifts)) {
    Grid& grid = grids_.emplace_back(Grid{
        row, column, (lr.ny + row + cells - 1) / cells, (lr.nx + column + cells - 1) / cells, {}, weight});
    const WindowBatch windows = windows_of(grid);
    PooledForecast forecast = base.forecast(windows, range);
    if (network) network->correct(windows, grid.rows, grid.columns, range, forecast);
    for (idx_t p = 0; p < grid.count(); ++p) {
      const double square = static_cast<double>(forecast.scale[p]) * forecast.scale[p];
      for_points(grid, p, [&](idx_t i, idx_t y, idx_t x) {
        const double share = weight[i] * weight[i];
        mean[y * mean_.nx + x] += share * forecast.mean[p * points + i];
        variance[y * mean_.nx + x] += share * square * of_point[i];
      });
    }
    grid.scale = std::move(forecast.scale);
  }
  mean_.values.assign(mean.begin(), mean.end());
  for (const double v : variance) variance_.values.push_back(static_cast<float>(level_ * v));
}

Plane PlaneForecast::member(std::uint64_t key, int member) const {
  const idx_t points = base_.shape.points(), kept = base_.kept_modes();
  const bool by_network = network_ && network_->makes_members();
  const CounterRandom random(key, Stream::sampler);
  std::vector<double> deviation(mean_.values.size(), 0.0), left_out(static_cast<std::size_t>(points));
  const idx_t grids = by_network ? 1 : std::ssize(grids_);
  for (idx_t g = 0; g < grids; ++g) {
    const Grid& grid = grids_[g];
    std::vector<float> drawn;
    if (by_network)
      drawn = network_->residual_member(windows_of(grid), grid.rows, grid.columns, range_, key, member);
    const auto noise = [&](std::span<double> out, idx_t patch, std::uint32_t what) {
      random.fill_normal(out, static_cast<std::uint32_t>(patch), static_cast<std::uint32_t>(member),
                         static_cast<std::uint32_t>(2 * g) + what);
    };
    // A row of patches at a time: their residuals are one product of matrices.
    std::vector<double> coefficients(static_cast<std::size_t>(grid.columns * kept)),
        residual(static_cast<std::size_t>(grid.columns * points));
    for (idx_t row = 0; row < grid.rows; ++row) {
      const idx_t first = row * grid.columns;
      if (by_network)
        std::copy_n(drawn.begin() + first * kept, grid.columns * kept, coefficients.begin());
      else
        for (idx_t c = 0; c < grid.columns; ++c)
          noise(std::span(coefficients).subspan(c * kept, kept), first + c, 0);
      gemm(false, false, static_cast<int>(points), static_cast<int>(grid.columns), static_cast<int>(kept), 1,
           factor_.data(), static_cast<int>(points), coefficients.data(), static_cast<int>(kept), 0,
           residual.data(), static_cast<int>(points));
      for (idx_t c = 0; c < grid.columns; ++c) {
        double* own = residual.data() + c * points;
        if (kept < points) {
          noise(std::span(left_out), first + c, 1);
          for (idx_t i = 0; i < points; ++i) own[i] += std::sqrt(base_.truncation[i]) * left_out[i];
        }
        const double scale = grid.scale[first + c];
        for_points(grid, first + c, [&](idx_t i, idx_t y, idx_t x) {
          deviation[y * mean_.nx + x] += (by_network ? 1 : grid.weight[i]) * scale * own[i];
        });
      }
    }
  }
  Plane result{mean_.ny, mean_.nx, mean_.values};
  for (std::size_t i = 0; i < deviation.size(); ++i)
    result.values[i] += static_cast<float>(std::sqrt(level_) * deviation[i]);
  return result;
}

double PlaneForecast::functional_variance(std::span<const double> weights) const {
  PODSCALE_ASSERT(weights.size() == mean_.values.size(), "{} weights of {} points", weights.size(),
                  mean_.values.size());
  const idx_t points = base_.shape.points();
  double variance = 0;
  std::vector<double> of_mode(static_cast<std::size_t>(base_.kept_modes()));
  for (const Grid& grid : grids_)
    for (idx_t p = 0; p < grid.count(); ++p) {
      std::fill(of_mode.begin(), of_mode.end(), 0.0);
      double own = 0;
      for_points(grid, p, [&](idx_t i, idx_t y, idx_t x) {
        const double f = weights[y * mean_.nx + x] * grid.weight[i];
        if (f == 0) return;
        own += f * f * base_.truncation[i];
        for (idx_t k = 0; k < std::ssize(of_mode); ++k) of_mode[k] += f * factor_[k * points + i];
      });
      for (const double a : of_mode) own += a * a;
      variance += own * static_cast<double>(grid.scale[p]) * grid.scale[p];
    }
  return level_ * variance;
}

Plane PlaneForecast::box_variance(idx_t n) const {
  PODSCALE_ASSERT(n > 0, "boxes of {} points", n);
  Plane boxes{mean_.ny / n, mean_.nx / n, {}};
  std::vector<double> variance(static_cast<std::size_t>(boxes.ny * boxes.nx), 0.0);
  const idx_t points = base_.shape.points(), kept = base_.kept_modes();
  const double share = 1 / static_cast<double>(n * n);
  struct Part {
    idx_t box;
    std::vector<double> of_mode;
    double own;
  };
  for (const Grid& grid : grids_)
    for (idx_t p = 0; p < grid.count(); ++p) {
      std::vector<Part> parts;  // of the boxes that the patch has points of
      for_points(grid, p, [&](idx_t i, idx_t y, idx_t x) {
        if (y / n >= boxes.ny || x / n >= boxes.nx) return;
        const idx_t box = y / n * boxes.nx + x / n;
        auto part =
            std::find_if(parts.rbegin(), parts.rend(), [&](const Part& known) { return known.box == box; });
        if (part == parts.rend()) {
          parts.push_back({box, std::vector<double>(static_cast<std::size_t>(kept), 0.0), 0});
          part = parts.rbegin();
        }
        const double f = share * grid.weight[i];
        part->own += f * f * base_.truncation[i];
        for (idx_t k = 0; k < kept; ++k) part->of_mode[k] += f * factor_[k * points + i];
      });
      const double square = level_ * static_cast<double>(grid.scale[p]) * grid.scale[p];
      for (Part& part : parts) {
        for (const double a : part.of_mode) part.own += a * a;
        variance[part.box] += square * part.own;
      }
    }
  boxes.values.assign(variance.begin(), variance.end());
  return boxes;
}

}  // namespace podscale
