// Against LAPACK's dsyev on the full covariance of all coefficients.
#include "podscale/gaussian/residual_covariance.hpp"

#include <gtest/gtest.h>
#include <petscsys.h>

#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/random.hpp"
#include "residual_modes.hpp"
#include "sanitized.hpp"

extern "C" void dsyev_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
                       double* work, const int* lwork, int* info);

using namespace podscale;

namespace {

constexpr int kModes = 4;
constexpr long kTimes = 70;

/// Patches of 2 x 2 points with 3 or 4 modes, and residuals made of three patterns over all of the
/// region and noise of each patch, all functions of the patch number.
struct Region {
  Region(const Communicator& comm, long ny, long nx, double noise, double patterns = 1)
      : decomposition(ny, nx, 2, 2, comm.size()) {
    const Window w = decomposition.window_of(comm.rank());
    std::vector<unsigned char> ocean;
    for (long y = w.y0; y < w.y0 + w.ny; ++y)
      for (long x = w.x0; x < w.x0 + w.nx; ++x) ocean.push_back(y > 1 || x > 1);  // the first patch is land
    patches = find_patches(comm, decomposition, ocean);
    const CounterRandom random(31, Stream::test);
    for (PatchModes& patch : patches.mine) {
      patch.modes = kModes - static_cast<int>(patch.patch % 2);
      const auto key = static_cast<std::uint32_t>(patch.patch);
      std::vector<double> shape(3 * patch.modes), own(patch.modes), amplitude(3), r;
      random.fill_normal(std::span(shape), key, 1);
      for (long t = 0; t < kTimes; ++t) {
        random.fill_normal(std::span(amplitude), static_cast<std::uint32_t>(t), 2);
        random.fill_normal(std::span(own), key, 3, static_cast<std::uint32_t>(t));
        for (int k = 0; k < patch.modes; ++k) {
          double value = noise * own[k] / (k + 1);
          for (int m = 0; m < 3; ++m)
            value += patterns * std::pow(0.6, m) * amplitude[m] * shape[m * patch.modes + k];
          r.push_back(value);
        }
      }
      residuals.push_back(r);
    }
  }
  ResidualCovariance fit(const Communicator& comm, int rank, double share) const {
    return fit_residual_covariance(comm, patches, kModes, residuals, kTimes, rank, share);
  }
  Decomposition decomposition;
  Patches patches;
  PatchSeries residuals;
};

constexpr long kNy = 6, kNx = 8;

/// Rows of all patches of a region that is whole on this process, one after the other.
struct Dense {
  explicit Dense(const Region& region) {
    for (std::size_t p = 0; p < region.patches.mine.size(); ++p)
      for (int k = 0; k < region.patches.mine[p].modes; ++k) rows.emplace_back(p, k);
    n = static_cast<int>(rows.size());
    covariance.assign(n * n, 0.0);
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j)
        for (long t = 0; t < kTimes; ++t)
          covariance[i * n + j] += value(region, i, t) * value(region, j, t) / kTimes;
    vectors = covariance;
    values.resize(n);
    std::vector<double> work(10 * n);
    const int size = static_cast<int>(work.size());
    int info = 0;
    dsyev_("V", "U", &n, vectors.data(), &n, values.data(), work.data(), &size, &info);
    EXPECT_EQ(info, 0);
  }
  double value(const Region& region, int i, long t) const {
    const auto [p, k] = rows[i];
    return region.residuals[p][t * region.patches.mine[p].modes + k];
  }
  double trace() const {
    double sum = 0;
    for (const double v : values) sum += v;
    return sum;
  }
  /// r-th largest eigenvalue, and its vector.
  double eigenvalue(int r) const { return values[n - 1 - r]; }
  const double* eigenvector(int r) const { return vectors.data() + (n - 1 - r) * n; }
  std::vector<std::pair<std::size_t, int>> rows;
  int n;
  std::vector<double> covariance, values, vectors;
};

/// Sigma_pp of the fit against the sample covariance of r_p.
void expect_exact_blocks(const Region& region, const ResidualCovariance& fit) {
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
    const int k = region.patches.mine[p].modes;
    const PatchCovariance& c = fit.mine[p];
    ASSERT_EQ(c.global.size(), static_cast<std::size_t>(k * fit.global_modes));
    for (int i = 0; i < k; ++i)
      for (int j = 0; j < k; ++j) {
        double sigma = 0, sample = 0, scale = 0;
        for (int r = 0; r < fit.global_modes; ++r) sigma += c.global[r * k + i] * c.global[r * k + j];
        for (int m = 0; m < k; ++m) sigma += c.root[m * k + i] * c.root[m * k + j];
        for (long t = 0; t < kTimes; ++t) {
          sample += region.residuals[p][t * k + i] * region.residuals[p][t * k + j] / kTimes;
          scale += std::pow(region.residuals[p][t * k + i], 2) / kTimes;
        }
        EXPECT_NEAR(sigma, sample, 1e-8 * (1 + scale)) << "patch " << p << ", " << i << ", " << j;
      }
  }
}

/// Whitened residuals of all patches, in place of them; z_g.
std::vector<double> whiten(const Communicator& comm, const ResidualCovariance& fit, Region& region) {
  const auto z = global_latents(comm, fit, region.patches, region.residuals, kTimes);
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
    const int k = region.patches.mine[p].modes;
    for (long t = 0; t < kTimes; ++t)
      whiten_patch(fit.mine[p], k, std::span(z).subspan(t * fit.global_modes, fit.global_modes),
                   std::span(region.residuals[p]).subspan(t * k, k));
  }
  return z;
}

void expect_same_bits(const Communicator& comm, const Region& region, const Region& alone, int rank,
                      double share) {
  const auto found = region.fit(comm, rank, share), expected = alone.fit(Communicator::self(), rank, share);
  EXPECT_EQ(found.global_modes, expected.global_modes);
  EXPECT_EQ(found.variance, expected.variance);
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
    const std::size_t q = region.patches.mine[p].token;
    EXPECT_EQ(alone.patches.mine[q].patch, region.patches.mine[p].patch);
    EXPECT_EQ(found.mine[p].global, expected.mine[q].global) << q;
    EXPECT_EQ(found.mine[p].root, expected.mine[q].root) << q;
  }
  EXPECT_EQ(global_latents(comm, found, region.patches, region.residuals, kTimes),
            global_latents(Communicator::self(), expected, alone.patches, alone.residuals, kTimes));
}

}  // namespace

TEST(ResidualCovariance, GlobalModesAreTheLeadingEigenvectors) {
  const Communicator self = Communicator::self();
  const Region region(self, kNy, kNx, 0.5);
  const Dense dense(region);
  const auto fit = region.fit(self, 6, 1.0);
  ASSERT_EQ(fit.global_modes, 6);
  for (int r = 0; r < fit.global_modes; ++r) {
    EXPECT_NEAR(fit.variance[r] / dense.eigenvalue(r), 1, 1e-8) << r;
    double product = 0, norm = 0;
    for (int i = 0; i < dense.n; ++i) {
      const auto [p, k] = dense.rows[i];
      const double u = fit.mine[p].global[r * region.patches.mine[p].modes + k] / std::sqrt(fit.variance[r]);
      product += u * dense.eigenvector(r)[i];
      norm += u * u;
    }
    EXPECT_NEAR(norm, 1, 1e-10);
    EXPECT_NEAR(std::abs(product), 1, 1e-8) << r;
  }
}

TEST(ResidualModes, ByCoefficientsAreThoseOfTheIteration) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm, kNy, kNx, 0.5), alone(Communicator::self(), kNy, kNx, 0.5);
  for (const double variance : {1e30, 2.0}) {  // as many as wanted; enough of the variance
    const auto of = [&](const auto& work, const Communicator& on, const Region& from) {
      return work(on, from.patches, kModes, from.residuals, kTimes, 5, variance);
    };
    const ResidualModes found = of(coefficient_modes, comm, region),
                        expected = of(iterated_modes, comm, region),
                        single = of(coefficient_modes, Communicator::self(), alone);
    ASSERT_EQ(found.variance.size(), expected.variance.size());
    EXPECT_EQ(found.variance, single.variance);  // the same bits at any number of ranks
    for (std::size_t r = 0; r < found.variance.size(); ++r)
      EXPECT_NEAR(found.variance[r] / expected.variance[r], 1, 1e-8);
    for (std::size_t p = 0; p < found.rows.size(); ++p) {
      EXPECT_EQ(found.rows[p], single.rows[static_cast<std::size_t>(region.patches.mine[p].token)]);
      for (std::size_t i = 0; i < found.rows[p].size(); ++i)
        EXPECT_NEAR(found.rows[p][i], expected.rows[p][i], 1e-7);
    }
  }
}

TEST(ResidualCovariance, DiagonalBlocksAreThoseOfTheResiduals) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm, kNy, kNx, 0.5);
  for (const int rank : {0, 2, 6}) expect_exact_blocks(region, region.fit(comm, rank, 1.0));
}

TEST(ResidualCovariance, CrossBlocksAreTheLowRankPartOfTheSampleCovariance) {
  const Communicator self = Communicator::self();
  const Region region(self, kNy, kNx, 0.5);
  const Dense dense(region);
  const auto fit = region.fit(self, 5, 1.0);
  double off = 0;
  for (int i = 0; i < dense.n; ++i)
    for (int j = 0; j < dense.n; ++j) {
      const auto [p, k] = dense.rows[i];
      const auto [q, m] = dense.rows[j];
      if (p == q) continue;
      double found = 0, expected = 0;
      for (int r = 0; r < fit.global_modes; ++r) {
        found += fit.mine[p].global[r * region.patches.mine[p].modes + k] *
                 fit.mine[q].global[r * region.patches.mine[q].modes + m];
        expected += dense.eigenvalue(r) * dense.eigenvector(r)[i] * dense.eigenvector(r)[j];
      }
      EXPECT_NEAR(found, expected, 1e-7);
      off = std::max(off, std::abs(expected));
    }
  EXPECT_GT(off, 0.1);  // there is something to get right
}

TEST(ResidualCovariance, WhitenedTrainingResidualsHaveUnitCovariance) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region(comm, kNy, kNx, 0.5);
  const auto fit = region.fit(comm, 5, 1.0);
  const auto z = whiten(comm, fit, region);
  for (int a = 0; a < fit.global_modes; ++a)
    for (int b = 0; b < fit.global_modes; ++b) {
      double sum = 0;
      for (long t = 0; t < kTimes; ++t)
        sum += z[t * fit.global_modes + a] * z[t * fit.global_modes + b] / kTimes;
      EXPECT_NEAR(sum, a == b, 1e-7) << a << ", " << b;
    }
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
    const int k = region.patches.mine[p].modes;
    for (int i = 0; i < k; ++i) {
      for (int j = 0; j < k; ++j) {
        double sum = 0;
        for (long t = 0; t < kTimes; ++t)
          sum += region.residuals[p][t * k + i] * region.residuals[p][t * k + j] / kTimes;
        EXPECT_NEAR(sum, i == j, 1e-6) << "patch " << p << ", " << i << ", " << j;
      }
      for (int g = 0; g < fit.global_modes; ++g) {  // the levels share nothing
        double sum = 0;
        for (long t = 0; t < kTimes; ++t)
          sum += region.residuals[p][t * k + i] * z[t * fit.global_modes + g] / kTimes;
        EXPECT_NEAR(sum, 0, 1e-5) << "patch " << p << ", " << i << ", global " << g;
      }
    }
  }
}

TEST(ResidualCovariance, ColourUndoesWhiten) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region(comm, kNy, kNx, 0.5);
  const PatchSeries before = region.residuals;
  const auto fit = region.fit(comm, 5, 1.0);
  const auto z = whiten(comm, fit, region);
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
    const int k = region.patches.mine[p].modes;
    std::vector<double> r(k);
    for (long t = 0; t < kTimes; ++t) {
      colour_patch(fit.mine[p], k, std::span(z).subspan(t * fit.global_modes, fit.global_modes),
                   std::span(region.residuals[p]).subspan(t * k, k), r);
      for (int i = 0; i < k; ++i) EXPECT_NEAR(r[i], before[p][t * k + i], 1e-12);
    }
  }
}

TEST(ResidualCovariance, SameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Region region(comm, kNy, kNx, 0.5), alone(self, kNy, kNx, 0.5);
  expect_same_bits(comm, region, alone, 6, 1.0);
  expect_same_bits(comm, region, alone, 16, 0.9);
}

TEST(ResidualCovariance, AnotherUnitAPowerOfTwoApartGivesTheSameBits) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm, kNy, kNx, 0.5);
  const auto found = region.fit(comm, 6, 1.0);
  for (const double unit : {0x1p-20, 4.0, 0x1p30}) {
    Region other(comm, kNy, kNx, 0.5);
    for (auto& series : other.residuals)
      for (double& value : series) value *= unit;
    const auto again = other.fit(comm, 6, 1.0);
    ASSERT_EQ(again.global_modes, found.global_modes);
    for (std::size_t r = 0; r < found.variance.size(); ++r)
      EXPECT_EQ(again.variance[r], unit * unit * found.variance[r]) << unit;
    for (std::size_t p = 0; p < found.mine.size(); ++p)
      for (std::size_t i = 0; i < found.mine[p].root.size(); ++i)
        EXPECT_EQ(again.mine[p].root[i], unit * found.mine[p].root[i]) << unit;
  }
}

TEST(ResidualCovariance, RanksWithoutAPatchTakePart) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Region region(comm, 2, 6, 0.5), alone(self, 2, 6, 0.5);  // two patches with ocean
  EXPECT_EQ(region.patches.patch_of_token.size(), 2u);
  expect_same_bits(comm, region, alone, 2, 1.0);
}

TEST(ResidualCovariance, GlobalLatentsAreExactSumsInMemoryThatPatchesDoNotRaise) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  constexpr long times = 100, patches = 2000, rank = 64, modes = 2;
  ResidualCovariance covariance{rank, std::vector<double>(rank), {}};
  for (int r = 0; r < rank; ++r) covariance.variance[r] = 1.0 / (1 + r);
  Patches all;
  PatchSeries residuals;
  std::vector<long double> expected(rank * times, 0);
  const CounterRandom random(5, Stream::test);
  for (long p = 0; p < patches; ++p) {
    std::vector<double> global(modes * rank), r(modes * times);
    random.fill_normal(std::span(global), static_cast<std::uint32_t>(p), 1);
    random.fill_normal(std::span(r), static_cast<std::uint32_t>(p), 2);
    all.patch_of_token.push_back(p);
    for (long i = 0; i < rank * times; ++i)
      for (int m = 0; m < modes; ++m)
        expected[i] += static_cast<long double>(global[i % rank * modes + m]) * r[i / rank * modes + m] /
                       covariance.variance[i % rank];
    if (p % comm.size() != comm.rank()) continue;
    PatchModes patch;
    patch.token = p;
    patch.modes = modes;
    all.mine.push_back(patch);
    covariance.mine.push_back({global, {}});
    residuals.push_back(r);
  }
  const double before = peak_memory_mib();
  const auto z = global_latents(comm, covariance, all, residuals, times);
  if (!test::sanitized) {  // all products of one rank alone: 98 MiB
    EXPECT_LT(peak_memory_mib() - before, 8);
  }
  ASSERT_EQ(z.size(), expected.size());
  for (std::size_t i = 0; i < z.size(); ++i) EXPECT_NEAR(z[i], static_cast<double>(expected[i]), 1e-10);
}

TEST(ResidualCovariance, ShareKeepsTheFewestModesThatReachIt) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD), self = Communicator::self();
  const Region region(comm, kNy, kNx, 0.5), alone(self, kNy, kNx, 0.5);
  const Dense dense(alone);
  for (const double share : {0.3, 0.6, 0.8, 0.95}) {
    int expected = 0;
    for (double held = 0; held < share * dense.trace(); ++expected) held += dense.eigenvalue(expected);
    EXPECT_EQ(region.fit(comm, 20, share).global_modes, expected) << share;
  }
}

// What was not seen of the residuals widens the blocks of their patches, and nothing else.
TEST(ResidualCovariance, WhatWasNotSeenIsAddedToTheBlocks) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm, kNy, kNx, 0.7);
  PatchSeries added;
  for (const PatchModes& patch : region.patches.mine) {
    const std::size_t k = static_cast<std::size_t>(patch.modes);
    added.emplace_back(k * k, 0.25);
    for (std::size_t i = 0; i < k; ++i) added.back()[i * k + i] += 0.5;
  }
  const auto plain = region.fit(comm, 3, 1);
  const auto wider =
      fit_residual_covariance(comm, region.patches, kModes, region.residuals, kTimes, 3, 1, added);
  EXPECT_EQ(plain.variance, wider.variance);
  for (std::size_t p = 0; p < region.patches.mine.size(); ++p) {
    EXPECT_EQ(plain.mine[p].global, wider.mine[p].global);
    const std::size_t k = static_cast<std::size_t>(region.patches.mine[p].modes);
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j < k; ++j) {
        double more = 0;
        for (std::size_t m = 0; m < k; ++m)
          more += wider.mine[p].root[m * k + i] * wider.mine[p].root[m * k + j] -
                  plain.mine[p].root[m * k + i] * plain.mine[p].root[m * k + j];
        EXPECT_NEAR(more, i == j ? 0.75 : 0.25, 1e-7);
      }
  }
}

TEST(ResidualCovariance, RankZeroLeavesBlocksAlone) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region(comm, kNy, kNx, 0.5);
  const auto fit = region.fit(comm, 0, 0.9);
  EXPECT_EQ(fit.global_modes, 0);
  EXPECT_TRUE(fit.variance.empty());
  EXPECT_TRUE(whiten(comm, fit, region).empty());
}

TEST(ResidualCovariance, MoreModesThanThereAreStopAtHalfOfTheCoefficients) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm, 2, 6, 0.5);
  const auto fit = region.fit(comm, 1000, 1.0);
  EXPECT_EQ(fit.global_modes, 4);  // two patches, four coefficients each
  expect_exact_blocks(region, fit);
}

TEST(ResidualCovariance, ExactlyLowRankResidualsGiveTheirRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Region region(comm, kNy, kNx, 0.0);
  const auto fit = region.fit(comm, 16, 1.0);
  EXPECT_EQ(fit.global_modes, 3);
  expect_exact_blocks(region, fit);
}

TEST(ResidualCovariance, ResidualsOfZeroStayFinite) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region(comm, kNy, kNx, 0.0, 0.0);
  const auto fit = region.fit(comm, 16, 0.9);
  EXPECT_EQ(fit.global_modes, 0);
  whiten(comm, fit, region);
  for (const auto& series : region.residuals)
    for (const double value : series) EXPECT_EQ(value, 0.0);
}

TEST(ResidualCovariance, AnErrorOfOneRankIsThrownByAll) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  Region region(comm, kNy, kNx, 0.3);
  const int last = comm.max(region.residuals.empty() ? -1 : comm.rank());  // that has a patch
  if (comm.rank() == last) region.residuals.back().pop_back();
  PetscPushErrorHandler(PetscReturnErrorHandler, nullptr);  // as the programs do
  try {
    region.fit(comm, 4, 1);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_TRUE(error.agreed());
    EXPECT_NE(std::string(error.what()).find("residuals of"), std::string::npos) << error.what();
  }
  comm.barrier();
  PetscPopErrorHandler();
}
