#pragma once
// The covariance in space of what the modes of a patch leave out (method: section 4.16): that of
// its next modes, so that noise drawn from it has the scales of the truth down to the grid.

#include <vector>

#include "podscale/pod/modes.hpp"

namespace podscale {

/// Columns of PatchModes::left_out over K, at most.
inline constexpr int left_out_per_mode = 3;

/// Not collective. Sets patch.left_out from the Gram matrix G of its anomalies, [d x d], both
/// triangles: the `wanted` leading eigenvectors of (I - phi phi^T) G (I - phi phi^T) / samples
/// times the root of their eigenvalues, each row then times what makes its squares add up to tau.
/// None where the modes leave nothing.
void set_left_out(const std::vector<double>& gram, long samples, int wanted, PatchModes& patch);

}  // namespace podscale
