#pragma once
// The linear-Gaussian base (method: section 2): a ~ N(B c, Sigma), in closed form. What the diffusion starts
// from and has to beat; usable alone.

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/predictors.hpp"
#include "podscale/gaussian/residual_covariance.hpp"
#include "podscale/gaussian/seasonal_variance.hpp"
#include "podscale/study/basis_builder.hpp"

namespace podscale {

struct LinearGaussianOptions {
  long halo = 1;                               ///< LR cells around a patch
  std::vector<long> lags = {0};                ///< steps of the LR series
  std::vector<double> interpolation = {0, 1};  ///< candidates for what the penalty shrinks to
  double lag_weight = 0.25;  ///< of predictors at other times: their penalty is lag_weight^-2 times larger
  int rank = 64;             ///< most global modes R of the residual covariance
  double share = 0.9;        ///< of the residual variance that they need not exceed
  std::vector<double> penalties;  ///< candidates, relative; the validation period chooses
};
/// &base. Not collective.
LinearGaussianOptions linear_gaussian_options(const Namelist& namelist);

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
  long conditions(const Basis& basis) const { return predictors.box().slots() + basis.modes; }
  /// Collective. Of climatology, regression, residual covariance and season, not of the calibration;
  /// independent of the number of ranks.
  std::uint64_t checksum(const Communicator& comm, const Basis& basis) const;
};

/// Collective. B = interpolation * P + D: P picks the projection of the interpolated LR anomaly out of the
/// condition, D is a ridge regression of what that leaves on the LR cells. The penalty then shrinks towards
/// interpolation, which a short training period can't beat, and not towards climatology; the validation
/// period chooses penalty and interpolation, the same for all patches. Regression and residual covariance;
/// three passes over the training series and one over the validation series. Keeps the coefficients of the
/// training period in memory, one number a mode and time; that is modes / points of the series itself. The
/// same bits at any number of ranks. Without seasonal variance and calibration yet.
LinearGaussian fit_linear_gaussian(const Communicator& comm, const LinearGaussianOptions& options,
                                   const Basis& basis, const StudySeries& study,
                                   const std::vector<StepPair>& train, const std::vector<StepPair>& validate,
                                   long block);

/// Not collective. B c of one patch: [modes] K. c: [conditions] K. Loops in a fixed order: the same bits for
/// a time whatever else is computed with it.
void regress(const std::vector<double>& b, int modes, const float* c, std::size_t conditions, double* a);

}  // namespace podscale
