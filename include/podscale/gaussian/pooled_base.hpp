#pragma once
// The base of images: one regression, one residual basis and one residual covariance for all
// patches of all images (method: images). Every patch of p x p HR points is predicted from the LR
// cells below it and a halo around them, less their mean m. How wrong that is depends on how much
// these cells bend near the patch, d:
//
//   y = m + B (x - m) + s(d) e,   e ~ N(0, Phi S Phi^T + T)
//
// Patches have no position, so that a base fitted on some images serves all.

#include <array>
#include <span>
#include <vector>

#include "podscale/core/view.hpp"
#include "podscale/mesh/plane.hpp"

namespace podscale {

/// What a patch is and what is seen of LR around it.
struct WindowShape {
  int patch = 8;   ///< HR points of a side; a multiple of factor
  int factor = 4;  ///< HR points of an LR cell's side
  int halo = 3;    ///< LR cells on each side
  int side() const { return patch / factor + 2 * halo; }
  idx_t cells() const { return static_cast<idx_t>(side()) * side(); }
  idx_t points() const { return static_cast<idx_t>(patch) * patch; }
  friend bool operator==(const WindowShape&, const WindowShape&) = default;
};

/// Of c and d, as a part of the range: half a grey level of 255, about what rounding to whole
/// levels adds.
constexpr double contrast_floor = 0.002;

/// LR windows as networks and bases see them, patch by patch.
struct WindowBatch {
  idx_t count = 0;
  std::vector<float> cells{};     ///< [count][side][side] (x - m) / c
  std::vector<float> mean{};      ///< [count] m: of the cells
  std::vector<float> contrast{};  ///< [count] c: root mean square of x - m, with a floor above 0
  /// [count] d: root mean square of half the Laplacian of the cells, mostly of those below the
  /// patch, and the floor added in squares: how much the LR image itself bends there.
  std::vector<float> detail{};
};

/// Not collective. Windows of the patches whose upper left LR cells are corners[i] = (row,
/// column), so that their upper left HR points are factor times that; cells outside the image are
/// mirrored at its edge. lr: the LR plane. range: of its values, which gives the floor of the
/// contrast.
WindowBatch cut_windows(const Plane& lr, const WindowShape& shape,
                        std::span<const std::array<idx_t, 2>> corners, double range);

/// A forecast of patches: mean of every point, standard deviation of every residual coefficient.
struct PooledForecast {
  idx_t count = 0;
  std::vector<float> mean{};  ///< [count][points], in the images' values
  std::vector<float>
      scale{};  ///< [count] s: factor on the residual's standard deviation, in the images' values
};

class PooledBase {
 public:
  WindowShape shape{};
  std::vector<double> regression{};  ///< B: [points][cells], of cells less their mean
  std::vector<double> modes{};       ///< Phi: [K][points], orthonormal; of the residual over s
  std::vector<double> root{};        ///< [K][K] lower triangular, S = root root^T
  std::vector<double>
      truncation{};  ///< T: [points], variance that the modes leave out; 0 where K is complete
  /// s/d by class of log d/range: [bins - 1], [bins]. Of one bin: s/range, the same for all
  /// windows.
  std::vector<double> contrast_edges{}, contrast_scale{};
  double penalty = 0;  ///< of the regression, as chosen by validation
  double windows = 0;  ///< that it was fitted on
  idx_t kept_modes() const { return static_cast<idx_t>(modes.size()) / shape.points(); }
  /// Not collective. Mean and scale of every window.
  PooledForecast forecast(const WindowBatch& windows, double range) const;
  /// Not collective. The bin of contrast_scale of a window's d.
  std::size_t contrast_class(double detail, double range) const;
  /// Not collective. Phi root: [K][points], so that a residual is s times the sum of these by
  /// independent N(0, 1).
  std::vector<double> factor() const;
  /// Not collective. Variance of every point of a patch where s = 1: diag(Phi S Phi^T) + T,
  /// [points].
  std::vector<double> point_variance() const;
};

}  // namespace podscale
