#pragma once
// The linear-Gaussian base (method: section 2): a ~ N(B c, Sigma), in closed form. What the diffusion starts
// from and has to beat; usable alone.

#include <cstdint>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/gaussian/predictors.hpp"
#include "podscale/gaussian/residual_covariance.hpp"
#include "podscale/gaussian/seasonal_variance.hpp"

namespace podscale {

struct LinearGaussian {
  long halo = 1;
  std::vector<long> lags;
  Predictors predictors;
  Climatology cells;         ///< of the LR cells in use, whole LR grid, degC
  double penalty = 0;        ///< chosen
  double interpolation = 0;  ///< chosen: what B shrinks to, 1 = the interpolated LR anomaly, 0 = nothing
  std::vector<std::vector<double>> regression;  ///< [local patches] B: [modes][conditions] row-major
  std::vector<double> predictor_scale;  ///< [local patches][conditions] K, 0 in unused slots and padding
  ResidualCovariance residual;
  SeasonalVariance season;  ///< of the latents of that covariance
  Calibration calibration;  ///< of the base used alone

  /// Values that B takes from a patch's condition (ConditionSeries).
  long conditions(const Basis& basis) const { return predictors.slots() + basis.modes; }
  /// Collective. Of climatology, regression, residual covariance and season, not of the calibration;
  /// independent of the number of ranks.
  std::uint64_t checksum(const Communicator& comm, const Basis& basis) const;
};

/// Not collective. B c of one patch: [modes] K. c: [conditions] K. Loops in a fixed order: the same bits for
/// a time whatever else is computed with it.
void regress(const std::vector<double>& b, int modes, const float* c, std::size_t conditions, double* a);

}  // namespace podscale
