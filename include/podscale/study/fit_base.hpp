#pragma once
// From series to the linear-Gaussian base: the second half of the work of podscale-basis.

#include <string>
#include <vector>

#include "podscale/gaussian/linear_gaussian.hpp"
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

}  // namespace podscale
