#include "podscale/gaussian/residual_covariance.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "residual_modes.hpp"

namespace podscale {
namespace {

/// Lower Cholesky factor of the covariance of the columns of r [modes x times], plus `added`.
std::vector<double> covariance_root(const std::vector<double>& r, int modes, long times,
                                    std::span<const double> added) {
  const std::size_t k = modes;
  std::vector<double> s(k * k, 0.0);
  if (modes == 0) return s;
  const int n = static_cast<int>(times);
  const double weight = 1.0 / static_cast<double>(times), zero = 0;
  dsyrk_("L", "N", &modes, &n, &weight, r.data(), &modes, &zero, s.data(), &modes);
  for (std::size_t i = 0; i < added.size(); ++i) s[i] += added[i];
  double trace = 0;
  for (std::size_t i = 0; i < k; ++i) trace += s[i * k + i];
  // The global modes may have taken all of a patch, or times may be fewer than modes: whitening
  // needs a factor that can be inverted, and 1e-9 of the variance is far below anything a score
  // can see. Relative to it, so that data in another unit, a power of two apart, have the same
  // bits.
  const double least = trace > 0 ? 1e-9 * trace / modes : 1e-18;
  for (std::size_t i = 0; i < k; ++i) s[i * k + i] += least;
  int info = 0;
  dpotrf_("L", &modes, s.data(), &modes, &info);
  PODSCALE_ASSERT(info == 0, "Cholesky factor of a residual covariance of {} modes: {}", modes, info);
  for (std::size_t j = 1; j < k; ++j)
    for (std::size_t i = 0; i < j; ++i) s[j * k + i] = 0;
  return s;
}

}  // namespace

std::vector<double> column_norms(std::span<const double> matrix, std::size_t rows) {
  std::vector<double> norms;
  for (std::size_t first = 0; rows > 0 && first + rows <= matrix.size(); first += rows) {
    double sum = 0;
    for (const double value : matrix.subspan(first, rows)) sum += value * value;
    norms.push_back((1 + 1e-12) * std::sqrt(sum));
  }
  return norms;
}

ResidualCovariance fit_residual_covariance(const Communicator& comm, const Patches& patches, int modes,
                                           const PatchSeries& residuals, long times, int global_modes,
                                           double share, const PatchSeries& added) {
  const ResidualModes found = residual_modes(comm, patches, modes, residuals, times, global_modes, share);
  ResidualCovariance covariance;
  covariance.global_modes = static_cast<int>(found.variance.size());
  covariance.variance = found.variance;
  for (std::size_t p = 0; p < patches.mine.size(); ++p) {
    const int k = patches.mine[p].modes;
    PatchCovariance patch;
    for (int r = 0; r < covariance.global_modes; ++r)
      for (int m = 0; m < k; ++m)
        patch.global.push_back(found.rows[p][r * k + m] * std::sqrt(found.variance[r]));
    covariance.mine.push_back(std::move(patch));
  }
  const auto z = global_latents(comm, covariance, patches, residuals, times);
  comm.agree([&] {
    for (std::size_t p = 0; p < patches.mine.size(); ++p) {
      const int k = patches.mine[p].modes;
      std::vector<double> remainder = residuals[p];
      gemm(false, false, k, static_cast<int>(times), covariance.global_modes, -1,
           covariance.mine[p].global.data(), k, z.data(), covariance.global_modes, 1, remainder.data(), k);
      covariance.mine[p].root = covariance_root(remainder, k, times, added.empty() ? std::span<const double>() : added[p]);
    }
  });
  return covariance;
}

std::vector<double> global_latents(const Communicator& comm, const ResidualCovariance& covariance,
                                   const Patches& patches, const PatchSeries& residuals, long times) {
  const int global_modes = covariance.global_modes;
  // Terms of the sums over patches are products with the residuals: bounded beforehand (Cauchy,
  // Schwarz), so that none has to be kept.
  double bound = 0;
  for (std::size_t p = 0; p < patches.mine.size(); ++p) {
    const std::size_t k = patches.mine[p].modes;
    const auto norms = column_norms(covariance.mine[p].global, k);
    double largest = 0;
    for (std::size_t r = 0; r < norms.size(); ++r)
      largest = std::max(largest, norms[r] / covariance.variance[r]);
    for (const double norm : column_norms(residuals[p], k)) bound = std::max(bound, largest * norm);
  }
  std::vector<double> part(static_cast<std::size_t>(global_modes) * static_cast<std::size_t>(times));
  ExactSum sum(part.size(), comm.max(bound), std::ssize(patches.patch_of_token));
  for (std::size_t p = 0; p < patches.mine.size(); ++p) {  // U_p^T r_p / L^(1/2)
    const int k = patches.mine[p].modes;
    gemm(true, false, global_modes, static_cast<int>(times), k, 1, covariance.mine[p].global.data(), k,
         residuals[p].data(), k, 0, part.data(), global_modes);
    for (std::size_t i = 0; i < part.size(); ++i)
      part[i] /= covariance.variance[i % static_cast<std::size_t>(global_modes)];
    sum.add(part);
  }
  return sum.reduce(comm, "latents of the global modes");
}

void whiten_patch(const PatchCovariance& patch, int modes, std::span<const double> z_global,
                  std::span<double> r) {
  const std::size_t k = modes;
  for (std::size_t g = 0; g < z_global.size(); ++g)
    for (std::size_t i = 0; i < k; ++i) r[i] -= patch.global[g * k + i] * z_global[g];
  for (std::size_t i = 0; i < k; ++i) {  // forward substitution
    r[i] /= patch.root[i * k + i];
    for (std::size_t j = i + 1; j < k; ++j) r[j] -= patch.root[i * k + j] * r[i];
  }
}

void colour_patch(const PatchCovariance& patch, int modes, std::span<const double> z_global,
                  std::span<const double> z_patch, std::span<double> r) {
  const std::size_t k = modes;
  std::fill(r.begin(), r.end(), 0.0);
  for (std::size_t g = 0; g < z_global.size(); ++g)
    for (std::size_t i = 0; i < k && z_global[g] != 0; ++i) r[i] += patch.global[g * k + i] * z_global[g];
  for (std::size_t j = 0; j < k; ++j)
    for (std::size_t i = j; i < k && z_patch[j] != 0; ++i) r[i] += patch.root[j * k + i] * z_patch[j];
}

}  // namespace podscale
