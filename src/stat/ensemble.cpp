#include "podscale/stat/ensemble.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {

double fair_crps(std::span<double> members, double y) {
  PODSCALE_ASSERT(!members.empty(), "no members");
  const auto count = static_cast<double>(members.size());
  std::sort(members.begin(), members.end());
  // sum_ij |x_i - x_j| = 2 sum_k (2 k - M - 1) x_(k), k = 1..M; x - y in place of x changes
  // nothing and cancels less.
  double distance = 0, pairs = 0, factor = 1 - count;
  for (const double x : members) {
    distance += std::abs(x - y);
    pairs += factor * (x - y);
    factor += 2;
  }
  if (members.size() == 1) return distance;
  return distance / count - pairs / (count * (count - 1));
}

double spread_correction(int members) {
  return members > 0 ? (members + 1.0) / members : 1.0;
}

}  // namespace podscale
