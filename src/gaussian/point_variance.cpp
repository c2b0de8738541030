#include "podscale/gaussian/point_variance.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/lapack.hpp"

namespace podscale {

PointVariance::PointVariance(const LatentSpace& space) : space_(&space) {
  const Basis& basis = space.basis();
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const PatchCovariance& covariance = space.covariance(p);
    const int d = static_cast<int>(patch.points.size());
    const auto fields = [&](const std::vector<double>& columns, int count) {
      std::vector<double> product(patch.points.size() * static_cast<std::size_t>(count));
      gemm(false, false, d, count, patch.modes, 1, patch.phi.data(), d, columns.data(), patch.modes, 0,
           product.data(), d);
      return product;
    };
    own_.push_back(fields(covariance.root, patch.modes));
    for (double& value : own_.back()) value *= value;
    global_.push_back(fields(covariance.global, space.global_modes()));
  }
}

void PointVariance::decode(const CoefficientForecast& forecast, double truncation, std::span<double> mean,
                           std::span<double> variance) const {
  const Basis& basis = space_->basis();
  const std::size_t n = mean.size(), k = basis.modes, local = basis.patches.mine.size();
  basis.codec().decode(forecast.mean, 0, 1, mean);
  basis.unfold(mean, 1);
  std::fill(variance.begin(), variance.end(), 0.0);
  std::vector<double> sums;
  for (std::size_t p = 0; p < local; ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const std::size_t d = patch.points.size();
    sums.assign(d, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(patch.modes); ++m) {
      const double weight =
          forecast.latent.patch_variance[p * k + m] * forecast.spread[p] * forecast.spread[p];
      const double* column = own_[p].data() + m * d;
      for (std::size_t i = 0; i < d; ++i) sums[i] += weight * column[i];
    }
    for (std::size_t i = 0; i < d; ++i) variance[patch.points[i]] = sums[i] + truncation * forecast.truncation * patch.tau[i];
  }
  basis.unfold_variance(variance, 1);
  const std::size_t shared = forecast.latent.global_variance.size();
  constexpr std::size_t kBatch = 16;  // fields in memory at once
  std::vector<double> fields;
  for (std::size_t first = 0; first < shared; first += kBatch) {
    const std::size_t count = std::min(kBatch, shared - first);
    fields.assign(n * count, 0.0);
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t p = 0; p < local; ++p) {
        const auto& points = basis.patches.mine[p].points;
        const double* column = global_[p].data() + (first + r) * points.size();
        const double factor = forecast.spread[p] * std::sqrt(forecast.latent.global_variance[first + r]);
        for (std::size_t i = 0; i < points.size(); ++i)
          fields[r * n + static_cast<std::size_t>(points[i])] = factor * column[i];
      }
    basis.unfold(fields, static_cast<long>(count));
    for (std::size_t i = 0; i < fields.size(); ++i) variance[i % n] += fields[i] * fields[i];
  }
}

}  // namespace podscale
