// Against LAPACK's dgesdd on the same snapshots, an implementation that shares nothing with ours.
#include "podscale/pod/modes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/lapack.hpp"
#include "podscale/core/random.hpp"

extern "C" void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda, double* s,
                        double* u, const int* ldu, double* vt, const int* ldvt, double* work,
                        const int* lwork, int* iwork, int* info);

using namespace podscale;

namespace {

constexpr long kNy = 20, kNx = 19, kPatch = 8, kSteps = 400;

bool is_ocean(long y, long x) {
  return !(y < 5 && x < 4) && (y * 7 + x * 3) % 11 != 0;
}

/// Smooth waves with decaying amplitudes plus noise: a spectrum over some three decades.
std::vector<double> global_snapshots() {
  std::vector<double> u(kSteps * kNy * kNx);
  const CounterRandom random(7, Stream::test);
  std::vector<double> amplitude(12);
  for (long t = 0; t < kSteps; ++t) {
    random.fill_normal(std::span(amplitude), static_cast<std::uint32_t>(t));
    auto field = std::span(u).subspan(t * kNy * kNx, kNy * kNx);
    random.fill_normal(field, static_cast<std::uint32_t>(t), 1);
    for (long y = 0; y < kNy; ++y)
      for (long x = 0; x < kNx; ++x) {
        double& value = field[y * kNx + x];
        value *= 0.01;
        for (std::size_t m = 0; m < amplitude.size(); ++m)
          value += amplitude[m] * std::pow(0.6, static_cast<double>(m)) *
                   std::sin(0.2 * static_cast<double>(m + 1) * static_cast<double>(y) +
                            0.3 * static_cast<double>(m * x) + static_cast<double>(m));
      }
  }
  return u;
}

struct Snapshots {
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Decomposition decomposition{kNy, kNx, kPatch, kPatch, comm.size()};
  Window window = decomposition.window_of(comm.rank());
  std::vector<double> global = global_snapshots(), local;
  Patches patches;
  Snapshots() {
    std::vector<unsigned char> ocean;
    for (long y = window.y0; y < window.y0 + window.ny; ++y)
      for (long x = window.x0; x < window.x0 + window.nx; ++x) ocean.push_back(is_ocean(y, x));
    for (long t = 0; t < kSteps; ++t)
      for (long y = window.y0; y < window.y0 + window.ny; ++y)
        for (long x = window.x0; x < window.x0 + window.nx; ++x)
          local.push_back(global[(t * kNy + y) * kNx + x]);
    patches = find_patches(comm, decomposition, ocean);
  }
  void run(const PodOptions& options, long block) {
    GramMatrices grams(patches.mine);
    for (long t = 0; t < kSteps; t += block) {
      const long n = std::min(block, kSteps - t);
      grams.add(std::span<const double>(local).subspan(t * window.points(), n * window.points()), n,
                window.points());
    }
    compute_modes(comm, decomposition, grams, options, patches.mine);
  }
  /// Snapshots of a patch, [d x steps] column-major.
  std::vector<double> snapshots(const PatchModes& patch) const {
    std::vector<double> s;
    for (long t = 0; t < kSteps; ++t)
      for (const long point : patch.points) s.push_back(local[t * window.points() + point]);
    return s;
  }
};

struct Svd {
  std::vector<double> values, vectors;  // [d x min(d, steps)]
};
Svd lapack_svd(std::vector<double> a, int d, int n) {
  const int r = std::min(d, n);
  Svd svd{std::vector<double>(r), std::vector<double>(d * r)};
  std::vector<double> vt(r * n), work(1);
  std::vector<int> iwork(8 * r);
  int lwork = -1, info = 0;
  dgesdd_("S", &d, &n, a.data(), &d, svd.values.data(), svd.vectors.data(), &d, vt.data(), &r, work.data(),
          &lwork, iwork.data(), &info);
  lwork = static_cast<int>(work[0]);
  work.resize(lwork);
  dgesdd_("S", &d, &n, a.data(), &d, svd.values.data(), svd.vectors.data(), &d, vt.data(), &r, work.data(),
          &lwork, iwork.data(), &info);
  EXPECT_EQ(info, 0);
  return svd;
}

/// Sine of the largest angle between span(a) and span(b): the 2-norm of (I - A A^T) B, bounded by
/// the Frobenius norm.
double subspace_sine(const double* a, const double* b, int d, int k) {
  std::vector<double> c(k * k), residual(b, b + d * k);
  gemm(true, false, k, k, d, 1, a, d, b, d, 0, c.data(), k);
  gemm(false, false, d, k, k, -1, a, d, c.data(), k, 1, residual.data(), d);
  double sum = 0;
  for (const double v : residual) sum += v * v;
  return std::sqrt(sum);
}

double orthonormality_error(const PatchModes& patch) {
  const int d = static_cast<int>(patch.points.size()), k = patch.modes;
  std::vector<double> c(k * k);
  gemm(true, false, k, k, d, 1, patch.phi.data(), d, patch.phi.data(), d, 0, c.data(), k);
  double worst = 0;
  for (int i = 0; i < k; ++i)
    for (int j = 0; j < k; ++j) worst = std::max(worst, std::abs(c[i * k + j] - (i == j)));
  return worst;
}

}  // namespace

TEST(Pod, LocalBasisMatchesLapack) {
  Snapshots s;
  s.run({8, 1.0, false}, 64);
  for (const PatchModes& patch : s.patches.mine) {
    const int d = static_cast<int>(patch.points.size());
    const Svd svd = lapack_svd(s.snapshots(patch), d, kSteps);
    ASSERT_EQ(patch.modes, std::min(8, d));
    for (int k = 0; k < patch.modes; ++k) {
      const double sigma = patch.scale[k] * std::sqrt(static_cast<double>(kSteps));
      EXPECT_NEAR(sigma / svd.values[k], 1, 1e-10) << "patch " << patch.patch << " mode " << k;
    }
    EXPECT_LT(subspace_sine(svd.vectors.data(), patch.phi.data(), d, patch.modes), 1e-7);
    EXPECT_LT(orthonormality_error(patch), 1e-12);
  }
}

TEST(Pod, TruncationVarianceIsWhatTheModesLeave) {
  Snapshots s;
  s.run({5, 1.0, false}, 64);
  for (const PatchModes& patch : s.patches.mine) {
    const int d = static_cast<int>(patch.points.size());
    auto residual = s.snapshots(patch);
    std::vector<double> a(static_cast<std::size_t>(patch.modes) * kSteps);
    gemm(true, false, patch.modes, kSteps, d, 1, patch.phi.data(), d, residual.data(), d, 0, a.data(),
         patch.modes);
    gemm(false, false, d, kSteps, patch.modes, -1, patch.phi.data(), d, a.data(), patch.modes, 1,
         residual.data(), d);
    for (int i = 0; i < d; ++i) {
      double sum = 0;
      for (long t = 0; t < kSteps; ++t) sum += residual[t * d + i] * residual[t * d + i];
      EXPECT_NEAR(patch.tau[i], sum / kSteps, 1e-12 + 1e-9 * sum / kSteps);
    }
  }
}

TEST(Pod, SignsAreFixed) {
  Snapshots s;
  s.run({8, 1.0, false}, 64);
  for (const PatchModes& patch : s.patches.mine) {
    const std::size_t d = patch.points.size();
    for (int k = 0; k < patch.modes; ++k) {
      const auto* column = patch.phi.data() + static_cast<std::size_t>(k) * d;
      EXPECT_GT(
          *std::max_element(column, column + d, [](double x, double y) { return std::abs(x) < std::abs(y); }),
          0);
    }
  }
}

TEST(Pod, EnergyKeepsTheFewestModesThatReachIt) {
  Snapshots s;
  s.run({16, 0.9, false}, 64);
  for (const PatchModes& patch : s.patches.mine) {
    double total = 0, kept = 0;
    const Svd svd = lapack_svd(s.snapshots(patch), static_cast<int>(patch.points.size()), kSteps);
    for (const double v : svd.values) total += v * v;
    for (int k = 0; k < patch.modes; ++k) kept += svd.values[k] * svd.values[k];
    EXPECT_GE(kept, 0.9 * total * (1 - 1e-12));
    const double last = svd.values[patch.modes - 1];
    EXPECT_LT(kept - last * last, 0.9 * total);
  }
}

TEST(Pod, LocalBasisIsTheSameBitsAtAnyRankCount) {
  // Each patch alone on this process, with a communicator of one, against the distributed run.
  Snapshots s;
  s.run({8, 1.0, false}, 64);
  for (const PatchModes& patch : s.patches.mine) {
    const Window w = s.decomposition.patch_window(patch.patch);
    const Communicator self = Communicator::self();
    const Decomposition one(w.ny, w.nx, kPatch, kPatch, 1);
    std::vector<unsigned char> ocean;
    std::vector<double> u;
    for (long y = w.y0; y < w.y0 + w.ny; ++y)
      for (long x = w.x0; x < w.x0 + w.nx; ++x) ocean.push_back(is_ocean(y, x));
    for (long t = 0; t < kSteps; ++t)
      for (long y = w.y0; y < w.y0 + w.ny; ++y)
        for (long x = w.x0; x < w.x0 + w.nx; ++x) u.push_back(s.global[(t * kNy + y) * kNx + x]);
    Patches alone = find_patches(self, one, ocean);
    GramMatrices grams(alone.mine);
    for (long t = 0; t < kSteps; t += 64) {
      const long n = std::min(64l, kSteps - t);
      grams.add(std::span<const double>(u).subspan(t * w.points(), n * w.points()), n, w.points());
    }
    compute_modes(self, one, grams, {8, 1.0, false}, alone.mine);
    EXPECT_EQ(alone.mine.front().phi, patch.phi);
    EXPECT_EQ(alone.mine.front().scale, patch.scale);
    EXPECT_EQ(alone.mine.front().tau, patch.tau);
  }
}

TEST(Pod, SharedBasisMatchesLapackOnPooledSnapshotsAndStaysOrthonormalOnCutPatches) {
  // No land: every 8 x 8 patch inside is full; edge patches are cut by the grid.
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Decomposition decomposition(kNy, kNx, kPatch, kPatch, comm.size());
  const Window w = decomposition.window_of(comm.rank());
  const auto global = global_snapshots();
  Patches patches = find_patches(comm, decomposition, std::vector<unsigned char>(w.points(), 1));
  std::vector<double> local, pooled;
  for (long t = 0; t < kSteps; ++t)
    for (long y = w.y0; y < w.y0 + w.ny; ++y)
      for (long x = w.x0; x < w.x0 + w.nx; ++x) local.push_back(global[(t * kNy + y) * kNx + x]);
  GramMatrices grams(patches.mine);
  grams.add(local, kSteps, w.points());
  compute_modes(comm, decomposition, grams, {8, 1.0, true}, patches.mine);

  for (long p = 0; p < decomposition.patches(); ++p) {
    const Window patch = decomposition.patch_window(p);
    if (patch.points() != kPatch * kPatch) continue;
    for (long t = 0; t < kSteps; ++t)
      for (long y = patch.y0; y < patch.y0 + patch.ny; ++y)
        for (long x = patch.x0; x < patch.x0 + patch.nx; ++x)
          pooled.push_back(global[(t * kNy + y) * kNx + x]);
  }
  const int d = kPatch * kPatch;
  const Svd svd = lapack_svd(pooled, d, static_cast<int>(pooled.size()) / d);
  for (const PatchModes& patch : patches.mine) {
    EXPECT_LT(orthonormality_error(patch), 1e-12);
    if (static_cast<int>(patch.points.size()) == d) {
      EXPECT_LT(subspace_sine(svd.vectors.data(), patch.phi.data(), d, patch.modes), 1e-7);
    }
  }
}

TEST(Pod, APatchThatOnlyRoundingMovesHasNoModes) {
  for (const bool shared : {false, true}) {
    Snapshots s;
    const std::size_t n = s.window.points();
    if (shared) s.patches = find_patches(s.comm, s.decomposition, std::vector<unsigned char>(n, 1));
    GramMatrices grams(s.patches.mine);
    for (long t = 0; t < kSteps; ++t)
      for (const PatchModes& patch : s.patches.mine)
        for (const long point : patch.points)
          if (patch.patch == 4)
            s.local[static_cast<std::size_t>(t) * n + static_cast<std::size_t>(point)] *= 1e-9;
    grams.add(s.local, kSteps, s.window.points());
    compute_modes(s.comm, s.decomposition, grams, {6, 1.0, shared}, s.patches.mine);
    for (const PatchModes& patch : s.patches.mine) {
      EXPECT_EQ(patch.modes, patch.patch == 4 ? 0 : 6) << patch.patch;
      EXPECT_EQ(patch.scale.size(), static_cast<std::size_t>(patch.modes));
      EXPECT_EQ(patch.phi.size(), patch.points.size() * patch.scale.size());
      double tau = 0;
      for (const double value : patch.tau) tau += value;
      if (patch.patch == 4) {
        EXPECT_NEAR(tau / patch.variance, 1, 1e-9);  // all of its variance is truncation
      }
    }
  }
}

TEST(Pod, LowRankSnapshotsGiveNoMoreModesThanTheirRank) {
  std::vector<double> gram(36, 0.0);
  const double a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, -1, 1, -1, 1, -1};
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 6; ++j) gram[i * 6 + j] = a[i] * a[j] + b[i] * b[j];
  EXPECT_EQ(leading_eigenpairs(gram, 6, 5).count(), 2);
  std::vector<double> zero(36, 0.0);
  EXPECT_EQ(leading_eigenpairs(zero, 6, 5).count(), 0);
}
