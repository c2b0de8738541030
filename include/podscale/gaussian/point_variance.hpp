#pragma once
// The pixel variance of independent latents without a covariance factor: what each latent
// contributes to a point does not depend on time.

#include <vector>

#include "podscale/gaussian/forecast.hpp"

namespace podscale {

/// diag(Phi F F^T Phi^T) of a forecast from latents, for callers that need the variance of many
/// times: a weighted sum of R + K fields that are made once, in place of products of every patch at
/// every time.
class PointVariance {
 public:
  /// Collective where patches overlap. space must outlive it. Memory: R + K for each value of a
  /// field.
  explicit PointVariance(const LatentSpace& space);
  /// Collective where patches overlap. As decode_anomaly, of a forecast from latents (with or
  /// without its factor); 0 on land.
  void decode(const CoefficientForecast& forecast, double truncation, std::span<double> mean,
              std::span<double> variance) const;

 private:
  const LatentSpace* space_;
  // [local patches] each [d x modes] column-major: (Phi S^(1/2))^2 before patches are joined, and
  // [R][values of a field]: the squares of Phi U L^(1/2).
  std::vector<std::vector<double>> own_;
  std::vector<double> global_;
};

}  // namespace podscale
