#pragma once
// The residual variance through the year (method: section 2.6): the latents of the base have
// variance 1 over the training period as a whole, but not in every season.

#include <cstddef>
#include <string>
#include <vector>

namespace podscale {

/// Variance of the latents at a phase of the year, as harmonics: one curve a patch, one a global
/// mode. Empty: 1 always.
struct SeasonalVariance {
  int harmonics = 0;
  std::vector<double> patch;   ///< [local patches][1 + 2H]: mean, cos 1, sin 1, ...
  std::vector<double> global;  ///< [R][1 + 2H]
  std::string reason{};        ///< in words, why it was kept or left out
  int terms() const { return 1 + 2 * harmonics; }
  bool varies() const { return harmonics > 0; }
};

/// Not collective. Variance at a phase whose harmonic_basis is given, of one curve [1 + 2H]; 0.25
/// to 4.
double variance_at(const double* curve, const std::vector<double>& basis);

/// Standard deviations of the latents at one time, at most twice and at least half of the year's.
struct LatentScale {
  std::vector<double> patch, global;  ///< [local patches], [R]
};
/// Not collective. phase in [0, 1).
LatentScale latent_scale(const SeasonalVariance& season, double phase, std::size_t patches,
                         std::size_t global_modes);

}  // namespace podscale
