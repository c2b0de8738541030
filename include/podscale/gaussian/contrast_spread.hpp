#pragma once
// The residual's standard deviation as a function of the LR's own recent state: where the LR field
// around a patch has much contrast in space, or has changed much between its lags, less of the HR
// field follows from it (method: section 2.11):
//
//   s^2 = exp(b_0 + b_1 x_1 + b_2 x_2)    x_1, x_2: log of contrast and change over their mean in training

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "podscale/gaussian/predictors.hpp"

namespace podscale {

/// Mean squares over the cells of a patch in use: of their deviation from the mean of the cells,
/// at the present (the lag nearest 0), and of the difference between the present and the farthest
/// lags. Not collective. cell_scale: [slots], 0 where a slot is unused; condition: [slots].
std::array<double, 2> lr_contrast(const Predictors& predictors, std::span<const double> cell_scale,
                                  const float* condition);

struct ContrastSpread {
  std::array<double, 3> coefficients{};  ///< b, the same for all patches
  std::vector<double> reference{};       ///< [local patches][2] mean squares in training
  std::string reason{};                  ///< kept, or left out and why; "" where it was not asked for
  /// The same on all ranks.
  bool varies() const { return coefficients != std::array<double, 3>{}; }
  /// Not collective. x of a patch.
  std::array<double, 2> state(std::size_t p, const std::array<double, 2>& contrast) const;
  /// Not collective. s, between a half and two.
  double factor(const std::array<double, 2>& state) const;
};

}  // namespace podscale
