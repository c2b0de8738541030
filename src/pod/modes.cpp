#include "podscale/pod/modes.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/handle.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/pod/eigensolver.hpp"
#include "podscale/pod/left_out.hpp"

namespace podscale {

Patches find_patches(const Communicator& comm, const Decomposition& decomposition,
                     std::span<const unsigned char> ocean, long channels) {
  const Window window = decomposition.window_of(comm.rank());
  Patches patches;
  std::vector<int> has_ocean(decomposition.patches(), 0);
  for (const long number : decomposition.patch_list(comm.rank())) {
    PatchModes patch;
    patch.patch = number;
    const Window w = decomposition.patch_window(number);
    for (long y = w.y0; y < w.y0 + w.ny; ++y)
      for (long x = w.x0; x < w.x0 + w.nx; ++x) {
        const long point = (y - window.y0) * window.nx + (x - window.x0);
        if (ocean[point]) patch.points.push_back(point);
      }
    if (patch.points.empty()) continue;
    const std::size_t of_channel = patch.points.size();
    for (std::size_t i = of_channel; i < of_channel * static_cast<std::size_t>(channels); ++i)
      patch.points.push_back(patch.points[i - of_channel] + window.points());
    has_ocean[number] = 1;
    patches.mine.push_back(std::move(patch));
  }
  comm.sum(std::span(has_ocean));
  std::vector<long> token_of(has_ocean.size(), -1);
  for (std::size_t p = 0; p < has_ocean.size(); ++p)
    if (has_ocean[p]) {
      token_of[p] = std::ssize(patches.patch_of_token);
      patches.patch_of_token.push_back(static_cast<long>(p));
    }
  for (PatchModes& patch : patches.mine) patch.token = token_of[patch.patch];
  return patches;
}

GramMatrices::GramMatrices(const std::vector<PatchModes>& patches) : patches_(&patches) {
  for (const PatchModes& patch : patches) grams_.emplace_back(patch.points.size() * patch.points.size());
}

void GramMatrices::add(std::span<const double> anomalies, long steps, long values_of_field) {
  PODSCALE_ASSERT(std::ssize(anomalies) == steps * values_of_field, "{} values", anomalies.size());
  for (std::size_t p = 0; p < grams_.size(); ++p) {
    const auto& points = (*patches_)[p].points;
    const std::size_t d = points.size();
    gathered_.resize(d * static_cast<std::size_t>(steps));
    for (long t = 0; t < steps; ++t)
      for (std::size_t i = 0; i < d; ++i)
        gathered_[static_cast<std::size_t>(t) * d + i] = anomalies[t * values_of_field + points[i]];
    const int n = static_cast<int>(d), k = static_cast<int>(steps);
    const double one = 1;
    dsyrk_("L", "N", &n, &k, &one, gathered_.data(), &n, &one, grams_[p].data(), &n);
  }
  samples_ += steps;
}

Eigenpairs leading_eigenpairs(std::vector<double>& matrix, int d, int wanted) {
  Eigenpairs result;
  wanted = std::min(wanted, d);
  double trace = 0;
  for (int i = 0; i < d; ++i) trace += matrix[static_cast<std::size_t>(i) * d + i];
  if (!std::isfinite(trace))
    fail(
        ExitCode::data,
        "Gram matrix of {} points: the sum of the variances is {}; expected a finite number: look for absurd "
        "values in the input",
        d, trace);
  if (wanted == 0 || trace <= 0) return result;

  Handle<Mat, MatDestroy> a;
  PODSCALE_PETSC(MatCreateSeqDense(PETSC_COMM_SELF, d, d, matrix.data(), a.out()));
  Eigensolver solver(a.get(), {.wanted = wanted,
                               .tolerance = 1e-12,
                               .start = 1,
                               .type = 3 * wanted > d ? EPSLAPACK : EPSKRYLOVSCHUR});
  for (int k = 0; k < solver.count(); ++k) {
    const double value = solver.value(k);
    if (value <= 0 || (k > 0 && value < 1e-12 * result.values.front())) break;
    result.values.push_back(value);
    const std::vector<double> vector = solver.vector(k);
    result.vectors.insert(result.vectors.end(), vector.begin(), vector.end());
  }
  if (result.count() < wanted && solver.count() < wanted &&
      (result.values.empty() || result.values.back() > 1e-10 * trace))
    fail(ExitCode::bug, "SLEPc found {} of {} eigenpairs of a {} x {} Gram matrix", solver.count(), wanted, d,
         d);
  return result;
}

namespace {

void fill_upper(std::vector<double>& matrix, std::size_t d) {
  for (std::size_t j = 0; j < d; ++j)
    for (std::size_t i = j + 1; i < d; ++i) matrix[i * d + j] = matrix[j * d + i];
}

/// Fewest modes that reach the share of `energy`.
int modes_for_energy(const Eigenpairs& pairs, double trace, double energy) {
  double sum = 0;
  for (int k = 0; k < pairs.count(); ++k) {
    sum += pairs.values[k];
    if (sum >= energy * trace) return k + 1;
  }
  return pairs.count();
}

double trace_of(const std::vector<double>& matrix, std::size_t d) {
  double trace = 0;
  for (std::size_t i = 0; i < d; ++i) trace += matrix[i * d + i];
  return trace;
}

/// Coefficient scales and truncation variance of a patch from its Gram matrix, for any orthonormal
/// phi: tau = diag((I - PP)G(I - PP))/N with PP = phi phi^T.
void set_statistics(const std::vector<double>& gram, long samples, PatchModes& patch) {
  const int d = static_cast<int>(patch.points.size()), k = patch.modes;
  const double n = static_cast<double>(samples);
  std::vector<double> h(d * k), s(static_cast<std::size_t>(k * k)), ps(h.size());
  gemm(false, false, d, k, d, 1, gram.data(), d, patch.phi.data(), d, 0, h.data(), d);
  gemm(true, false, k, k, d, 1, patch.phi.data(), d, h.data(), d, 0, s.data(), k);
  gemm(false, false, d, k, k, 1, patch.phi.data(), d, s.data(), k, 0, ps.data(), d);
  patch.scale.clear();
  for (int m = 0; m < k; ++m) patch.scale.push_back(std::sqrt(s[m * k + m] / n));
  patch.tau.clear();
  patch.variance = trace_of(gram, static_cast<std::size_t>(d)) / n;
  for (int i = 0; i < d; ++i) {
    double value = gram[static_cast<std::size_t>(i) * d + i];
    for (int m = 0; m < k; ++m) {
      const std::size_t at = static_cast<std::size_t>(m) * d + i;
      value += patch.phi[at] * (ps[at] - 2 * h[at]);
    }
    patch.tau.push_back(std::max(value / n, 0.0));
  }
}

/// Restricts shared modes to the ocean points of a patch and makes them orthonormal again (QR;
/// signs as in shared).
void restrict_modes(const Eigenpairs& shared, const Decomposition& decomposition, const Window& window,
                    int modes, PatchModes& patch) {
  const Window w = decomposition.patch_window(patch.patch);
  const long full_x = decomposition.patch_window(0).nx, full = decomposition.patch_window(0).points();
  const int d = static_cast<int>(patch.points.size());
  patch.modes = std::min(modes, d);
  patch.phi.resize(d * patch.modes);
  for (int m = 0; m < patch.modes; ++m)
    for (int i = 0; i < d; ++i) {
      const long y = patch.points[i] / window.nx + window.y0 - w.y0;
      const long x = patch.points[i] % window.nx + window.x0 - w.x0;
      patch.phi[m * d + i] = shared.vectors[m * full + y * full_x + x];
    }
  if (d == full) return;
  std::vector<double> tau(patch.modes), work(static_cast<std::size_t>(64 * patch.modes)), diagonal;
  const int lwork = static_cast<int>(work.size());
  int info = 0;
  dgeqrf_(&d, &patch.modes, patch.phi.data(), &d, tau.data(), work.data(), &lwork, &info);
  for (int m = 0; m < patch.modes; ++m) diagonal.push_back(patch.phi[m * d + m]);
  dorgqr_(&d, &patch.modes, &patch.modes, patch.phi.data(), &d, tau.data(), work.data(), &lwork, &info);
  PODSCALE_ASSERT(info == 0, "QR of {} x {}", d, patch.modes);
  for (int m = 0; m < patch.modes; ++m)
    if (diagonal[m] < 0)
      for (int i = 0; i < d; ++i) patch.phi[m * d + i] *= -1;
}

/// Drops the modes that carried no variance in the training period, but at most its rounding: they
/// could not be standardised. largest: deviation of any mode of the region.
void drop_silent_modes(PatchModes& patch, double largest) {
  const std::size_t d = patch.points.size();
  int kept = 0;
  for (int m = 0; m < patch.modes; ++m) {
    if (patch.scale[m] <= 1e-6 * largest) continue;
    std::copy_n(patch.phi.begin() + static_cast<long>(d) * m, d,
                patch.phi.begin() + static_cast<long>(d) * kept);
    patch.scale[kept++] = patch.scale[m];
  }
  patch.modes = kept;
  patch.phi.resize(d * static_cast<std::size_t>(kept));
  patch.scale.resize(kept);
}

}  // namespace

void compute_modes(const Communicator& comm, const Decomposition& decomposition, GramMatrices& grams,
                   const PodOptions& options, std::vector<PatchModes>& patches) {
  Eigenpairs shared;
  int shared_modes = 0;
  if (options.shared) {
    const std::size_t full = decomposition.patch_window(0).points();
    std::vector<double> pooled(full * full);
    long pooled_patches = 0;
    for (std::size_t p = 0; p < patches.size(); ++p)
      if (patches[p].points.size() == full) {
        ++pooled_patches;
        for (std::size_t i = 0; i < pooled.size(); ++i) pooled[i] += grams.of(p)[i];
      }
    pooled_patches = comm.sum(pooled_patches);
    same_on_all_ranks([&] {
      if (pooled_patches == 0)
        fail(ExitCode::data,
             "patches.basis = 'shared': no patch of {} points is free of land; choose smaller patches.size "
             "or patches.basis = 'local'",
             full);
    });
    comm.sum(std::span(pooled));
    fill_upper(pooled, full);
    const double trace = trace_of(pooled, full);
    comm.agree([&] { shared = leading_eigenpairs(pooled, static_cast<int>(full), options.modes); });
    shared_modes = modes_for_energy(shared, trace, options.energy);
  }
  double largest = 0;
  comm.agree([&] {
    const Window window = decomposition.window_of(comm.rank());
    for (std::size_t p = 0; p < patches.size(); ++p) {
      stop_here();
      PatchModes& patch = patches[p];
      const std::size_t d = patch.points.size();
      fill_upper(grams.of(p), d);
      if (options.shared) {
        restrict_modes(shared, decomposition, window, shared_modes, patch);
      } else {
        Eigenpairs pairs =
            leading_eigenpairs(grams.of(p), static_cast<int>(d),
                               static_cast<int>(std::min<long>(options.modes, grams.samples())));
        patch.modes = modes_for_energy(pairs, trace_of(grams.of(p), d), options.energy);
        pairs.vectors.resize(d * static_cast<std::size_t>(patch.modes));
        patch.phi = std::move(pairs.vectors);
      }
      set_statistics(grams.of(p), grams.samples(), patch);
      for (const double scale : patch.scale) largest = std::max(largest, scale);
    }
  });
  largest = comm.max(largest);
  comm.agree([&] {
    for (std::size_t p = 0; p < patches.size(); ++p) {
      const int modes = patches[p].modes;
      drop_silent_modes(patches[p], largest);
      if (patches[p].modes < modes) set_statistics(grams.of(p), grams.samples(), patches[p]);
      set_left_out(grams.of(p), grams.samples(), left_out_per_mode * options.modes, patches[p]);
      grams.of(p) = {};
    }
  });
}

}  // namespace podscale
