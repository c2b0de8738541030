#pragma once
// The ensemble forecast of one point.

#include <span>

namespace podscale {

/// Not collective. Fair CRPS of M members against y, in the unit of y: Ferro (2014), Q. J. R.
/// Meteorol. Soc. 140, eq. 8,
///   1/M sum_i |x_i - y|  -  1/(2 M (M-1)) sum_i sum_j |x_i - x_j|,
/// whose expectation does not depend on M, so that scores with different numbers of members can be
/// compared. It may be negative. The double sum comes from the sorted members: O(M log M). M = 1:
/// the absolute error (nothing to correct). members: [M], left sorted.
double fair_crps(std::span<double> members, double y);

/// Not collective. Factor on the mean ensemble variance (divisor M - 1) that makes it comparable
/// with the squared error of the ensemble mean: (M + 1) / M, Fortin et al. (2014), J.
/// Hydrometeorol. 15, eq. 15. members = 0, a variance that does not come from members: 1.
double spread_correction(int members);

}  // namespace podscale
