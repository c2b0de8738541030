#include "podscale/verify/pod_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/gaussian/forecast.hpp"

namespace podscale {
namespace {

/// [local patches][K] Phi^T R of a field, which is folded in place.
std::vector<double> encode(const Basis& basis, std::vector<double>& field) {
  basis.fold(field, 1);
  std::vector<double> a(basis.patches.mine.size() * static_cast<std::size_t>(basis.modes), 0.0), x;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const PatchModes& patch = basis.patches.mine[p];
    const int d = static_cast<int>(patch.points.size());
    x.clear();
    for (const long point : patch.points) x.push_back(field[point]);
    gemm(true, false, patch.modes, 1, d, 1, patch.phi.data(), d, x.data(), d, 0, a.data() + p * basis.modes,
         patch.modes);
  }
  return a;
}

/// Normal equations of least squares on the valid points, patch by patch: exact where patches do
/// not overlap.
class PatchSolver {
 public:
  /// valid: [points] 1 or 0.
  PatchSolver(const Basis& basis, std::vector<double> valid) : basis_(&basis) {
    basis.lapping.unfold_variance(valid, basis.channels());  // share of each folded point that is valid
    for (const PatchModes& patch : basis.patches.mine) {
      const std::size_t d = patch.points.size();
      std::vector<double> weighted = patch.phi;
      for (std::size_t i = 0; i < weighted.size(); ++i) weighted[i] *= valid[patch.points[i % d]];
      const int n = patch.modes, rows = static_cast<int>(d);
      std::vector<double> normal(n * static_cast<std::size_t>(n));
      gemm(true, false, n, n, rows, 1, patch.phi.data(), rows, weighted.data(), rows, 0, normal.data(), n);
      // Of a diagonal of at most 1: fewer points than modes leave some undetermined.
      for (int i = 0; i < n; ++i) normal[i * n + i] += 1e-10;
      int info = 0;
      if (n > 0) dpotrf_("L", &n, normal.data(), &n, &info);
      PODSCALE_ASSERT(info == 0, "dpotrf: {}", info);
      factors_.push_back(std::move(normal));
    }
  }
  std::vector<double> solve(std::vector<double> right) const {
    for (std::size_t p = 0; p < factors_.size(); ++p) {
      const int n = basis_->patches.mine[p].modes, one = 1;
      int info = 0;
      if (n > 0) dpotrs_("L", &n, &one, factors_[p].data(), &n, right.data() + p * basis_->modes, &n, &info);
    }
    return right;
  }

 private:
  const Basis* basis_;
  std::vector<std::vector<double>> factors_;
};

}  // namespace

PodBound::PodBound(const Communicator& comm, const Basis& basis, const ScoredRows& rows)
    : comm_(&comm), basis_(&basis), strips_(std::ssize(rows.strips)), first_strip_(rows.mine.begin) {
  const Share own = rows.own();
  PODSCALE_ASSERT(basis.window == (Window{own.begin, own.size(), 0, rows.nx}),
                  "a basis of rows {}+{}, scored {}+{}", basis.window.y0, basis.window.ny, own.begin,
                  own.size());
  std::size_t patch = 0;
  for (long s = rows.mine.begin; s < rows.mine.end; ++s) {
    first_.push_back(patch);
    while (patch < basis.patches.mine.size() &&
           basis.decomposition.patch_window(basis.patches.mine[patch].patch).y0 < rows.strips[s].end)
      ++patch;
  }
  first_.push_back(patch);
}

/// Over all coefficients: strip by strip, in their order.
double PodBound::dot(const std::vector<double>& a, const std::vector<double>& b) const {
  std::vector<double> sums(static_cast<std::size_t>(strips_), 0.0);
  const long k = basis_->modes;
  for (std::size_t s = 0; s + 1 < first_.size(); ++s) {
    const long begin = static_cast<long>(first_[s]) * k, end = static_cast<long>(first_[s + 1]) * k;
    sums[static_cast<std::size_t>(first_strip_) + s] =
        std::inner_product(a.begin() + begin, a.begin() + end, b.begin() + begin, 0.0);
  }
  comm_->sum(std::span<double>(sums));
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double PodBound::project(std::span<const float> truth, std::span<const float> climatology,
                         std::span<float> out) const {
  PODSCALE_ASSERT(
      truth.size() == out.size() && climatology.size() == out.size() && std::ssize(out) == basis_->points(),
      "truth {}, climatology {}, out {}", truth.size(), climatology.size(), out.size());
  std::vector<double> valid(truth.size()), u(truth.size(), 0.0);
  bool gaps = false;
  for (std::size_t i = 0; i < u.size(); ++i) {
    const bool there = basis_->is_ocean(i) && std::isfinite(truth[i]);
    valid[i] = there ? 1 : 0;
    gaps = gaps || (basis_->is_ocean(i) && !there);
    if (there)
      u[i] = (static_cast<double>(truth[i]) - static_cast<double>(climatology[i])) / basis_->scale_of(i);
  }
  gaps = comm_->max(gaps ? 1 : 0) > 0;
  // Without gaps the modes are orthonormal. With them, conjugate gradients on the normal equations
  // of the whole region, since neighbours that overlap depend on each other.
  std::vector<double> a = encode(*basis_, u), field(u.size());
  double misfit = 0;
  if (gaps) {
    const PatchSolver solver(*basis_, valid);
    std::vector<double> left = std::move(a);
    a.assign(left.size(), 0.0);
    const double all = std::sqrt(dot(left, left));
    std::vector<double> direction = solver.solve(left);
    double size = dot(left, direction);
    misfit = all > 0 ? 1 : 0;
    for (int pass = 0; pass < largest_passes && misfit > tolerance; ++pass) {
      decode_coefficients(*basis_, direction, 1, field);
      for (std::size_t i = 0; i < field.size(); ++i) field[i] *= valid[i];
      const std::vector<double> product = encode(*basis_, field);
      const double step = size / dot(direction, product);
      for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] += step * direction[i];
        left[i] -= step * product[i];
      }
      misfit = std::sqrt(dot(left, left)) / all;
      const std::vector<double> next = solver.solve(left);
      const double before = std::exchange(size, dot(left, next));
      for (std::size_t i = 0; i < direction.size(); ++i)
        direction[i] = next[i] + size / before * direction[i];
    }
  }
  decode_coefficients(*basis_, a, 1, field);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = valid[i] > 0 ? static_cast<float>(basis_->scale_of(i) * field[i] + double{climatology[i]})
                          : std::numeric_limits<float>::quiet_NaN();
  return misfit;
}

}  // namespace podscale
