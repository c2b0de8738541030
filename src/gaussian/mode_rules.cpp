// Which modes of the residuals are kept however they were found.
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

}  // namespace podscale
