// POD of one patch: the program's way (Gram matrix and SLEPc) against its dsyrk alone and against
// LAPACK's SVD.
#include <fmt/format.h>

#include <cmath>
#include <cstddef>

#include "benchmark.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/core/random.hpp"
#include "podscale/pod/modes.hpp"

extern "C" void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda, double* s,
                        double* u, const int* ldu, double* vt, const int* ldvt, double* work,
                        const int* lwork, int* iwork, int* info);

namespace podscale::benchmark {
namespace {

constexpr int kSnapshots = 4000;

/// Anomalies [steps][side x side] with a steep spectrum: cosines with amplitudes 1 / (1 +
/// wavenumber^2) and random coefficients.
std::vector<double> snapshots(int side) {
  const int d = side * side;
  std::vector<double> waves(static_cast<std::size_t>(d) * d),
      coefficients(static_cast<std::size_t>(d) * kSnapshots);
  for (int w = 0; w < d; ++w)
    for (int i = 0; i < d; ++i) {
      const int ky = w / side, kx = w % side;
      waves[static_cast<std::size_t>(w) * d + i] = std::cos(M_PI * ky * (i / side + 0.5) / side) *
                                                   std::cos(M_PI * kx * (i % side + 0.5) / side) /
                                                   (1.0 + ky * ky + kx * kx);
    }
  CounterRandom(1, Stream::test).fill_normal(std::span(coefficients), static_cast<std::uint32_t>(side));
  std::vector<double> fields(coefficients.size());
  gemm(false, false, d, kSnapshots, d, 1, waves.data(), d, coefficients.data(), d, 0, fields.data(), d);
  return fields;
}

/// Leading singular value by dgesdd of the transposed matrix; `fields` is destroyed.
double lapack_svd(std::vector<double>& fields, int d) {
  const int n = kSnapshots, query = -1;
  std::vector<double> s(d), u(static_cast<std::size_t>(d) * d), vt(static_cast<std::size_t>(d) * n), work(1);
  std::vector<int> iwork(8 * d);
  int info = 0;
  dgesdd_("S", &d, &n, fields.data(), &d, s.data(), u.data(), &d, vt.data(), &d, work.data(), &query,
          iwork.data(), &info);
  const int lwork = static_cast<int>(work[0]);
  work.resize(lwork);
  dgesdd_("S", &d, &n, fields.data(), &d, s.data(), u.data(), &d, vt.data(), &d, work.data(), &lwork,
          iwork.data(), &info);
  PODSCALE_ASSERT(info == 0, "dgesdd: {}", info);
  return s[0];
}

void pod_of_patch(Table& table, int side, int modes) {
  const Setting& setting = table.setting();
  const Communicator self = Communicator::self();
  const int d = side * side;
  const auto fields = snapshots(side);
  const Decomposition decomposition(side, side, side, side, 1);
  const std::vector<unsigned char> ocean(d, 1);
  Patches patches = find_patches(self, decomposition, ocean);

  const auto ours = [&] {
    GramMatrices grams(patches.mine);
    grams.add(fields, kSnapshots, d);
    compute_modes(self, decomposition, grams, {modes, 1.0, false}, patches.mine);
  };
  const auto dsyrk = [&] {
    std::vector<double> gram(static_cast<std::size_t>(d) * d);
    const double one = 1, zero = 0;
    dsyrk_("L", "N", &d, &kSnapshots, &one, fields.data(), &d, &zero, gram.data(), &d);
  };
  const double flop = 1e-9 * kSnapshots * d * (d + 1.0);
  const std::string what = fmt::format("POD of a patch, d = {}, N = {}, K = {}", d, kSnapshots, modes);
  const Times times = measure(setting, Clock::cpu, ours, dsyrk);
  table.add({what, times.subject, flop, "GFLOP", "its dsyrk alone", times.reference, flop});
  if (d > 256) return;

  double largest = 0;
  const Times svd = measure(setting, Clock::cpu, ours, [&] {
    auto copy = fields;
    largest = lapack_svd(copy, d);
  });
  const double expected = largest / std::sqrt(static_cast<double>(kSnapshots));
  PODSCALE_ASSERT(std::abs(patches.mine[0].scale[0] - expected) < 1e-9 * expected, "{} and {}",
                  patches.mine[0].scale[0], expected);
  table.add({what, svd.subject, 1, "patch", "LAPACK dgesdd", svd.reference, 1});
}

}  // namespace

void pod(Table& table) {
  pod_of_patch(table, 8, 16);
  pod_of_patch(table, 16, 32);
  pod_of_patch(table, 32, 32);
}

}  // namespace podscale::benchmark
