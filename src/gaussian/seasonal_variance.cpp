#include "podscale/gaussian/seasonal_variance.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/pod/climatology.hpp"

namespace podscale {

double variance_at(const double* curve, const std::vector<double>& basis) {
  double sum = 0;
  for (std::size_t i = 0; i < basis.size(); ++i) sum += curve[i] * basis[i];
  return std::clamp(sum, 0.25, 4.0);
}

LatentScale latent_scale(const SeasonalVariance& season, double phase, std::size_t patches,
                         std::size_t global_modes) {
  LatentScale scale{std::vector<double>(patches, 1.0), std::vector<double>(global_modes, 1.0)};
  if (!season.varies()) return scale;
  const auto basis = harmonic_basis(phase, season.harmonics);
  for (std::size_t p = 0; p < patches; ++p)
    scale.patch[p] = std::sqrt(variance_at(season.patch.data() + p * basis.size(), basis));
  for (std::size_t r = 0; r < global_modes; ++r)
    scale.global[r] = std::sqrt(variance_at(season.global.data() + r * basis.size(), basis));
  return scale;
}

}  // namespace podscale
