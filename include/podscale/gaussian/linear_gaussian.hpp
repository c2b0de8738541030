#pragma once
// The linear-Gaussian base (method: section 2): a ~ N(B c, Sigma), in closed form. What the diffusion starts
// from and has to beat; usable alone.

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/gaussian/calibration.hpp"
#include "podscale/gaussian/predictors.hpp"
#include "podscale/gaussian/residual_covariance.hpp"
#include "podscale/pod/basis_builder.hpp"

namespace podscale {

struct LinearGaussianOptions {
  long halo = 1;                  ///< LR cells around a patch
  std::vector<long> lags = {0};   ///< steps of the LR series
  double lag_weight = 0.25;       ///< of predictors at other times: their penalty is lag_weight^-2 times larger
  int rank = 64;                  ///< most global modes R of the residual covariance
  double share = 0.9;             ///< of the residual variance that they need not exceed
  std::vector<double> penalties;  ///< candidates, relative; the validation period chooses
};
/// &base. Not collective.
LinearGaussianOptions linear_gaussian_options(const Namelist& namelist);

struct LinearGaussian {
  long halo = 1;
  std::vector<long> lags;
  Predictors predictors;
  Climatology cells;                            ///< of the LR cells in use, whole LR grid, degC
  double penalty = 0;                           ///< chosen
  std::vector<std::vector<double>> regression;  ///< [local patches] B: [modes][slots] row-major
  std::vector<double> predictor_scale;          ///< [local patches][slots] K, 0 in unused slots
  ResidualCovariance residual;
  Calibration calibration;  ///< of the base used alone

  /// Collective. Of everything above; independent of the number of ranks.
  std::uint64_t checksum(const Communicator& comm, const Basis& basis) const;
};

/// Collective. Regression and residual covariance; three passes over the training series and one over the
/// validation series. Keeps the coefficients of the training period in memory, one number a mode and time;
/// that is modes / points of the series itself. The same bits at any number of ranks. Not calibrated yet.
LinearGaussian fit_linear_gaussian(const Communicator& comm, const LinearGaussianOptions& options,
                                   const Basis& basis, const StudySeries& study,
                                   const std::vector<StepPair>& train, const std::vector<StepPair>& validate,
                                   long block);

/// Not collective. B c of one patch: [modes] K. c: [slots] K. Loops in a fixed order: the same bits for a time
/// whatever else is computed with it.
void regress(const std::vector<double>& b, int modes, const float* c, std::size_t slots, double* a);

}  // namespace podscale
