#include "podscale/gaussian/closed_form_variance.hpp"

#include <algorithm>

#include "podscale/base/error.hpp"
#include "podscale/base/lapack.hpp"

namespace podscale {

LatentMoments latent_moments(std::span<const float* const> members, std::span<const double> scale,
                             int modes) {
  const int m = static_cast<int>(members.size());
  PODSCALE_ASSERT(m >= 2, "{} members", m);
  LatentMoments moments;
  moments.mean.assign(static_cast<std::size_t>(modes), 0.0);
  moments.covariance.assign(static_cast<std::size_t>(modes * modes), 0.0);
  if (modes == 0) return moments;
  std::vector<double> deviations;  // [modes x members] column-major
  for (const float* member : members)
    for (int k = 0; k < modes; ++k) {
      deviations.push_back(static_cast<double>(member[k]) * scale[static_cast<std::size_t>(k)]);
      moments.mean[static_cast<std::size_t>(k)] += deviations.back() / m;
    }
  for (std::size_t i = 0; i < deviations.size(); ++i)
    deviations[i] -= moments.mean[i % static_cast<std::size_t>(modes)];
  gemm(false, true, modes, modes, m, 1.0 / (m - 1), deviations.data(), modes, deviations.data(), modes, 0,
       moments.covariance.data(), modes);
  return moments;
}

std::vector<double> retained_variance(const PatchModes& patch, std::span<const double> covariance) {
  const int d = static_cast<int>(patch.points.size()), k = patch.modes;
  std::vector<double> variance(static_cast<std::size_t>(d), 0.0), product(static_cast<std::size_t>(d * k));
  if (k == 0) return variance;
  gemm(false, false, d, k, k, 1, patch.phi.data(), d, covariance.data(), k, 0, product.data(), d);
  for (int m = 0; m < k; ++m)
    for (int i = 0; i < d; ++i)
      variance[static_cast<std::size_t>(i)] +=
          product[static_cast<std::size_t>(m * d + i)] * patch.phi[static_cast<std::size_t>(m * d + i)];
  for (double& value : variance) value = std::max(value, 0.0);  // rounding of a singular covariance
  return variance;
}

}  // namespace podscale
