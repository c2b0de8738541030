#include "podscale/gaussian/point_variance.hpp"

#include <algorithm>

#include "podscale/core/lapack.hpp"

namespace podscale {

PointVariance::PointVariance(const LatentSpace& space) : space_(&space) {
  const Basis& basis = space.basis();
  const std::size_t n = basis.points(), global_modes = space.global_modes();
  global_.assign(global_modes * n, 0.0);
  std::vector<double> product;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const PatchCovariance& covariance = space.covariance(p);
    const int d = static_cast<int>(patch.points.size()), columns = static_cast<int>(global_modes);
    std::vector<double> own(patch.points.size() * static_cast<std::size_t>(patch.modes));
    gemm(false, false, d, patch.modes, patch.modes, 1, patch.phi.data(), d, covariance.root.data(),
         patch.modes, 0, own.data(), d);
    for (double& value : own) value *= value;
    own_.push_back(std::move(own));
    product.assign(patch.points.size() * global_modes, 0.0);
    gemm(false, false, d, columns, patch.modes, 1, patch.phi.data(), d, covariance.global.data(), patch.modes,
         0, product.data(), d);
    for (std::size_t r = 0; r < global_modes; ++r)
      for (std::size_t i = 0; i < patch.points.size(); ++i)
        global_[r * n + static_cast<std::size_t>(patch.points[i])] = product[r * patch.points.size() + i];
  }
  basis.unfold(global_, static_cast<long>(global_modes));
  for (double& value : global_) value *= value;
}

void PointVariance::decode(const CoefficientForecast& forecast, double truncation, std::span<double> mean,
                           std::span<double> variance) const {
  const Basis& basis = space_->basis();
  const std::size_t n = mean.size(), k = basis.modes;
  basis.codec().decode(forecast.mean, 0, 1, mean);
  std::fill(variance.begin(), variance.end(), 0.0);
  std::vector<double> sums;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const std::size_t d = patch.points.size();
    sums.assign(d, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(patch.modes); ++m) {
      const double weight = forecast.latent.patch_variance[p * k + m];
      const double* column = own_[p].data() + m * d;
      for (std::size_t i = 0; i < d; ++i) sums[i] += weight * column[i];
    }
    for (std::size_t i = 0; i < d; ++i) variance[patch.points[i]] = sums[i] + truncation * patch.tau[i];
  }
  basis.unfold(mean, 1);
  basis.unfold_variance(variance, 1);
  for (std::size_t r = 0; r < forecast.latent.global_variance.size(); ++r) {
    const double weight = forecast.latent.global_variance[r];
    const double* field = global_.data() + r * n;
    for (std::size_t i = 0; i < n; ++i) variance[i] += weight * field[i];
  }
}

}  // namespace podscale
