#pragma once
// The residual of an image that is covered by grids of patches, shifted against each other
// (method: images). All grids see the same white noise, one number xi of every HR point:
//
//   residual(i) = rho(i) sum_g w_g(i)^2 s_g (R xi_g + T^(1/2) eta)(i),   R = Phi root Phi^T
//
// xi_g is the noise under the patch of grid g that holds i; R R^T = Phi S Phi^T. Patches that
// overlap thus agree where their windows do, so what LR tells of the mean over a cell stays told,
// and nothing breaks at the borders. rho makes the variance at a point that of independent grids,
// sum_g w_g^2 s_g^2 v. The residual is linear in the noise, so variances are in closed form.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "podscale/gaussian/pooled_base.hpp"

namespace podscale {

/// Patches side by side that begin `row`, `column` LR cells before the image and cover it.
struct ImagePatches {
  idx_t row = 0, column = 0, rows = 0, columns = 0;
  std::vector<float> scale{};  ///< s: [rows][columns]
  idx_t count() const { return rows * columns; }
};

/// Not collective. visit(point of the patch, y, x) for the points of a patch inside an image of ny
/// x nx.
template <class Visit>
void for_patch_points(const WindowShape& shape, const ImagePatches& grid, idx_t patch, idx_t ny, idx_t nx,
                      const Visit& visit) {
  const idx_t side = shape.patch, y0 = patch / grid.columns * side - grid.row * shape.factor,
              x0 = patch % grid.columns * side - grid.column * shape.factor;
  for (idx_t i = std::max<idx_t>(0, -y0); i < std::min(side, ny - y0); ++i)
    for (idx_t j = std::max<idx_t>(0, -x0); j < std::min(side, nx - x0); ++j)
      visit(i * side + j, y0 + i, x0 + j);
}

class BlendedResidual {
 public:
  /// Not collective. ny, nx: HR points. share: w^2 of the points of a patch, [points]; those of
  /// all grids add up to 1 at every point. Memory: one number a point.
  BlendedResidual(const PooledBase& base, idx_t ny, idx_t nx, std::vector<ImagePatches> grids,
                  std::vector<double> share);
  /// Not collective. A draw, [ny][nx]: the same key and member give the same bits.
  std::vector<double> draw(std::uint64_t key, int member) const;
  /// Not collective. Variance of the sum of weights [ny][nx] times values.
  double functional_variance(std::span<const double> weights) const;
  /// Not collective. Variances of the means over boxes of n x n points, [ny / n][nx / n].
  Plane box_variance(idx_t n) const;

 private:
  idx_t point_at(const ImagePatches& grid, idx_t y, idx_t x) const;
  double scale_at(const ImagePatches& grid, idx_t y, idx_t x) const;
  void fit_rho(const std::vector<double>& point_variance);
  double spread(idx_t y, idx_t x, double weight, double* noise, idx_t row, idx_t column, idx_t width) const;
  WindowShape shape_;
  idx_t ny_, nx_;
  std::vector<ImagePatches> grids_;
  std::vector<double> share_, truncation_root_;
  std::vector<double> root_;  // R: [points][points of noise]
  std::vector<double> rho_;   // [ny][nx]
};

}  // namespace podscale
