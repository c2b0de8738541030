#include "podscale/verify/pod_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/gaussian/forecast.hpp"
#include "podscale/study/anomaly.hpp"

namespace podscale {
namespace {

/// Coefficients a that minimise |phi a - u| over the rows `valid` of phi. phi: [d x modes] column-major.
std::vector<double> gappy_coefficients(const PatchModes& patch, const std::vector<double>& u,
                                       const std::vector<std::size_t>& valid) {
  const int n = patch.modes, one = 1;
  const std::size_t d = patch.points.size();
  std::vector<double> normal(static_cast<std::size_t>(n) * static_cast<std::size_t>(n), 0.0),
      right(static_cast<std::size_t>(n), 0.0);
  for (int a = 0; a < n; ++a) {
    const double* column = &patch.phi[static_cast<std::size_t>(a) * d];
    for (const std::size_t i : valid) right[a] += column[i] * u[i];
    for (int b = 0; b <= a; ++b) {
      const double* other = &patch.phi[static_cast<std::size_t>(b) * d];
      for (const std::size_t i : valid) normal[b * n + a] += column[i] * other[i];
    }
    normal[a * n + a] +=
        1e-10;  // of a diagonal of at most 1: fewer points than modes leave some undetermined
  }
  int info = 0;
  dposv_("L", &n, &one, normal.data(), &n, right.data(), &n, &info);
  PODSCALE_ASSERT(info == 0, "dposv: {}", info);
  return right;
}

}  // namespace

PodBound::PodBound(const Basis& basis) : basis_(&basis) {
  PODSCALE_ASSERT(basis.window.points() == basis.grid.points(), "a basis of {} of {} points",
                  basis.window.points(), basis.grid.points());
}

void PodBound::project(std::span<const float> truth, std::span<const float> climatology,
                       std::span<float> out) const {
  PODSCALE_ASSERT(truth.size() == out.size() && climatology.size() == out.size() &&
                      static_cast<long>(out.size()) == basis_->grid.points(),
                  "truth {}, climatology {}, out {}", truth.size(), climatology.size(), out.size());
  std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
  if (basis_->lapping.overlap() > 0) return project_overlapping(truth, climatology, out);
  std::vector<double> u;
  std::vector<std::size_t> valid;
  for (const PatchModes& patch : basis_->patches.mine) {
    const std::size_t d = patch.points.size();
    u.assign(d, 0.0);
    valid.clear();
    for (std::size_t i = 0; i < d; ++i) {
      const auto point = static_cast<std::size_t>(patch.points[i]);
      if (!std::isfinite(truth[point])) continue;
      u[i] = static_cast<double>(truth[point]) - climatology[point];
      valid.push_back(i);
    }
    std::vector<double> a(static_cast<std::size_t>(patch.modes), 0.0);
    if (valid.size() == d) {
      gemm(true, false, patch.modes, 1, static_cast<int>(d), 1, patch.phi.data(), static_cast<int>(d),
           u.data(), static_cast<int>(d), 0, a.data(), std::max(1, patch.modes));
    } else if (!valid.empty() && patch.modes > 0) {
      a = gappy_coefficients(patch, u, valid);
    }
    for (const std::size_t i : valid) {
      const auto point = static_cast<std::size_t>(patch.points[i]);
      double value = climatology[point];
      for (int k = 0; k < patch.modes; ++k) value += patch.phi[static_cast<std::size_t>(k) * d + i] * a[k];
      out[point] = static_cast<float>(value);
    }
  }
}

void PodBound::project_overlapping(std::span<const float> truth, std::span<const float> climatology,
                                   std::span<float> out) const {
  const auto valid = [&](std::size_t i) { return basis_->ocean[i] && std::isfinite(truth[i]); };
  std::vector<double> u(truth.size(), 0.0);
  for (std::size_t i = 0; i < u.size(); ++i)
    if (valid(i)) u[i] = static_cast<double>(truth[i]) - static_cast<double>(climatology[i]);
  // Gaps take the values of the projection until it does not change: the least squares solution on the valid
  // points, as Everson & Sirovich find it. Coefficients of neighbours depend on each other here.
  std::vector<double> projected(u.size());
  double change = 1;
  for (int pass = 0; pass < 500 && change > 1e-6; ++pass) {
    std::vector<double> filled = u;
    const auto a = to_coefficients(*basis_, filled, 1);
    decode_coefficients(*basis_, std::vector<double>(a.begin(), a.end()), 1, projected);
    change = 0;
    for (std::size_t i = 0; i < u.size(); ++i) {
      if (valid(i) || !basis_->ocean[i]) continue;
      change = std::max(change, std::abs(projected[i] - u[i]));
      u[i] = projected[i];
    }
  }
  for (std::size_t i = 0; i < u.size(); ++i)
    if (valid(i)) out[i] = static_cast<float>(projected[i] + static_cast<double>(climatology[i]));
}

}  // namespace podscale
