#pragma once
// Covariance of what the regression leaves, over all tokens of the region (method: section 2.6):
//
//   Sigma = U L U^T + blockdiag(S_p)
//
// U, L: the R leading modes of the stacked residuals of all patches, a second-level POD: they
// carry the correlation across patch borders. S_p: covariance of the remainder in patch p, so that
// the diagonal blocks of Sigma are those of the training residuals exactly.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/pod/modes.hpp"

namespace podscale {

/// The rows of one patch.
struct PatchCovariance {
  std::vector<double> global;  ///< [modes x R] column-major: U L^(1/2)
  std::vector<double> root;    ///< [modes x modes] column-major, lower triangle: Cholesky factor of S_p
};

struct ResidualCovariance {
  int global_modes = 0;               ///< R
  std::vector<double> variance;       ///< [R] L, descending, the same on every rank
  std::vector<PatchCovariance> mine;  ///< one a local patch
};

/// Residuals of the patches of one rank over the training period: [local patches] each [modes x
/// times] column-major.
using PatchSeries = std::vector<std::vector<double>>;

/// Collective. U and L by SLEPc (Krylov-Schur) on R R^T / times as a shell matrix: the residuals
/// stay where they are, nothing of the size tokens x tokens or times x times is ever formed. SLEPc
/// runs on rank 0, whose vectors have one value a coefficient; sums over patches are exact
/// (ExactSum). So the result is the same bits at any number of ranks. R is the fewest modes that
/// hold `share` of the variance, at most `global_modes`, and no more than half of the coefficients
/// or times. added (optional): [local patches] each [modes x modes], positive semi-definite, is
/// added to S_p: what of the residuals was not seen. Errors: bug (no convergence).
ResidualCovariance fit_residual_covariance(const Communicator& comm, const Patches& patches, int modes,
                                           const PatchSeries& residuals, long times, int global_modes,
                                           double share, const PatchSeries& added = {});

/// Collective. z_g = L^(-1/2) U^T r of `times` residuals: [times][R], the same on every rank and
/// at any number of ranks. Memory does not grow with the number of patches.
std::vector<double> global_latents(const Communicator& comm, const ResidualCovariance& covariance,
                                   const Patches& patches, const PatchSeries& residuals, long times);
/// Not collective. z_p = S_p^(-1/2) (r_p - U_p L^(1/2) z_g) in place of r_p. r: [modes].
void whiten_patch(const PatchCovariance& patch, int modes, std::span<const double> z_global,
                  std::span<double> r);
/// Not collective. r_p = U_p L^(1/2) z_g + S_p^(1/2) z_p. Loops in a fixed order: the same bits
/// for an item whatever else is computed with it.
void colour_patch(const PatchCovariance& patch, int modes, std::span<const double> z_global,
                  std::span<const double> z_patch, std::span<double> r);

}  // namespace podscale
