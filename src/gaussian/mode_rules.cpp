// Which modes of the residuals are kept and which way they point, however they were found.
#include <algorithm>
#include <cmath>

#include "residual_modes.hpp"

namespace podscale {

bool is_silent(double variance, double largest) {
  return variance <= 0 || variance < 1e-9 * largest;
}

std::size_t modes_that_hold(std::span<const double> variances, double enough) {
  double held = 0;
  for (std::size_t r = 0; r < variances.size(); ++r) {
    if (is_silent(variances[r], variances.front())) return r;
    if ((held += variances[r]) >= enough) return r + 1;
  }
  return variances.size();
}

void fix_sign(std::span<double> mode) {
  const auto largest = std::max_element(mode.begin(), mode.end(),
                                        [](double x, double y) { return std::abs(x) < std::abs(y); });
  if (largest != mode.end() && *largest < 0)
    for (double& value : mode) value = -value;
}

}  // namespace podscale
