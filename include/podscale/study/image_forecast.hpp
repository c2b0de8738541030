#pragma once
// The forecast of a whole image from its LR plane: pooled base, and network where there is one, on
// grids of patches that are shifted against each other (method: images). Grid g counts at a point
// with weight w_g^2, whose sum over grids is 1:
//
//   mean = sum_g w_g^2 m_g,   variance = level sum_g w_g^2 s_g^2 v
//
// How the residuals of points go together: blended_residual.hpp.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/gaussian/blended_residual.hpp"
#include "podscale/gaussian/pooled_base.hpp"
#include "podscale/network/window_network.hpp"

namespace podscale {

/// By validation, of forecasts of one number of grids.
struct ImageCalibration {
  int shifts = 1;
  double level = 1;                         ///< factor on the variance
  double half50 = 0.6745, half90 = 1.6449;  ///< half widths of intervals in standard deviations
  double crps = 0, mean_square = 0;         ///< of validation, over range and range^2: for the log
};

/// Not collective. Of a seed and an image: the same for the same name, wherever it stands in a
/// list.
std::uint64_t image_key(std::uint64_t seed, const std::string& name);

/// Not collective. "" where forecasts on so many grids (1, 2 or 4) can be made; else why not.
std::string shifts_problem(const WindowShape& shape, int shifts);

class PlaneForecast {
 public:
  /// Not collective. base and network (nullptr: base alone) must outlive it. Memory: the windows
  /// of one grid, (cells + points) floats a patch, while it is made.
  PlaneForecast(const PooledBase& base, const WindowNetwork* network, const Plane& lr, double range,
                const ImageCalibration& calibration);
  const Plane& mean() const { return mean_; }          ///< [ny][nx] in the image's values
  const Plane& variance() const { return variance_; }  ///< [ny][nx] in their square
  /// Not collective. A draw of the image: the same key and member give the same bits. Of a network
  /// that makes members, on the grid that is not shifted, with the spread that it has learnt: the
  /// level of the calibration is that of the Gaussian alone.
  Plane member(std::uint64_t key, int member) const;
  /// Not collective. Variance of the sum of weights [ny][nx] times values, in closed form.
  double functional_variance(std::span<const double> weights) const;
  /// Not collective. Variance of the means over boxes of n x n points, [ny / n][nx / n], in closed
  /// form.
  Plane box_variance(idx_t n) const;

 private:
  WindowBatch windows_of(const ImagePatches& grid) const;
  std::vector<double> network_residual(std::uint64_t key, int member) const;
  const PooledBase& base_;
  const WindowNetwork* network_;
  Plane lr_, mean_, variance_;
  double range_, level_;
  ImagePatches whole_;  // that is not shifted
  std::optional<BlendedResidual> residual_;
};

}  // namespace podscale
