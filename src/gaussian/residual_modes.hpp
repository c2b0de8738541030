#pragma once
// Leading modes of the stacked residuals, matrix-free.

#include "podscale/gaussian/residual_covariance.hpp"

namespace podscale {

struct ResidualModes {
  std::vector<double> variance;           ///< [R] descending
  std::vector<std::vector<double>> rows;  ///< [local patches] each [modes x R] column-major: rows of U
};

/// Not collective. Norms of the columns of [rows x n] column-major, rounded up, so that the
/// product of two of them bounds that of the columns.
std::vector<double> column_norms(std::span<const double> matrix, std::size_t rows);

/// Not collective. Whether a variance is that of no mode, beside the largest: only rounding.
bool is_silent(double variance, double largest);
/// Not collective. How many of these variances, descending, are modes: those until they hold
/// `enough` together, none that is silent.
std::size_t modes_that_hold(std::span<const double> variances, double enough);
/// See fit_residual_covariance.
ResidualModes residual_modes(const Communicator& comm, const Patches& patches, int modes,
                             const PatchSeries& residuals, long times, int global_modes, double share);

/// Collective. The same by an iteration, whatever there is much of; variance: modes are enough
/// once they hold it.
ResidualModes iterated_modes(const Communicator& comm, const Patches& patches, int modes,
                             const PatchSeries& residuals, long times, int global_modes, double variance);

/// Collective. The same for few coefficients: every rank holds the residuals of all patches.
ResidualModes coefficient_modes(const Communicator& comm, const Patches& patches, int modes,
                                const PatchSeries& residuals, long times, int global_modes, double variance);

/// Collective. The same for few times: time and memory grow with their square. variance: modes are
/// enough once they hold it.
ResidualModes snapshot_modes(const Communicator& comm, const Patches& patches, int modes,
                             const PatchSeries& residuals, long times, int global_modes, double variance);

}  // namespace podscale
