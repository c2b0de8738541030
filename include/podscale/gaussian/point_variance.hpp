#pragma once
// The pixel variance of independent latents without a covariance factor: what each latent
// contributes to a point does not depend on time.

#include <vector>

#include "podscale/gaussian/forecast.hpp"

namespace podscale {

/// diag(Phi F F^T Phi^T) of a forecast from latents, for callers that need the variance of many
/// times: a weighted sum of R + K fields that are made once, in place of products of every patch at
/// every time. Where patches overlap, the R that they share are joined at every time, since each
/// patch has its own spread.
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
  // [local patches], before patches are joined: (Phi S^(1/2))^2, [d x modes] column-major, and
  // Phi U L^(1/2), [d x R].
  std::vector<std::vector<double>> own_, global_;
};

}  // namespace podscale
