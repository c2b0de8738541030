#pragma once
// The pixel variance of independent latents without a covariance factor: what each latent
// contributes to a point does not depend on time.

#include <optional>
#include <vector>

#include "podscale/gaussian/forecast.hpp"

namespace podscale {

/// diag(Phi F F^T Phi^T) of a forecast from latents, for callers that need the variance of many
/// times. What is independent from patch to patch is a weighted sum of K fields that are made
/// once. Of the R columns that all patches share, a point sees those of the patches p, q.. that
/// are joined there (one, two or four), each with its own spread s:
///
///   sum_g v_g (sum_p r_p s_p G_pg)^2,  G = Phi U L^(1/2)
///
/// which is sum_pq s_p s_q (r_p r_q sum_g G_pg G_qg) where all v_g are one number, as without a
/// season: up to ten numbers a point, made once.
class PointVariance {
 public:
  /// Collective where patches overlap. space must outlive it. Memory: K for each value of a field,
  /// and up to ten where all v_g are one number, else R.
  explicit PointVariance(const LatentSpace& space);
  /// Collective where patches overlap. As decode_anomaly, of a forecast from latents (with or
  /// without its factor); 0 on land. The same bits whatever else is decoded.
  void decode(const CoefficientForecast& forecast, double truncation, std::span<double> mean,
              std::span<double> variance) const;
  /// The same in the units of the field, on the climatology: as decode_forecast.
  void decode(const CoefficientForecast& forecast, double truncation, std::span<const double> climatology,
              std::span<double> mean, std::span<double> variance) const;

 private:
  /// An ocean point with the points that rotations join with it.
  struct Joined {
    std::size_t value;  // of the field
    std::size_t first;  // of its terms, the last ones before those of the next point
  };
  /// Calls work(first, count, fields) for batches of the shared columns, as fields with margins:
  /// [count][wide values].
  template <class Work>
  void for_shared_fields(const Work& work) const;
  const std::vector<double>& pairs() const;
  const std::vector<double>& columns() const;

  const LatentSpace* space_;
  std::vector<std::vector<double>> own_;  // [local patches] (Phi S^(1/2))^2, [d x modes] column-major
  std::size_t wide_ = 0;                  // values of a field with margins
  std::vector<Joined> joined_;
  std::vector<std::size_t> at_;                         // [terms] where, in the field with margins
  std::vector<double> shared_, square_;                 // [terms] of R^T, squares of A
  mutable std::optional<std::vector<double>> pairs_;    // of each point: terms (terms + 1) / 2
  mutable std::optional<std::vector<double>> columns_;  // [wide values][R]: G
};

}  // namespace podscale
