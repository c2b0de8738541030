// The leading modes of residuals with few times, from their products between times (Sirovich
// 1987): one pass over the residuals, where the operator of residual_modes.cpp makes two an
// iteration.
#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/pod/modes.hpp"
#include "residual_modes.hpp"

namespace podscale {
namespace {

/// Collective. R^T R / times, [times x times] with both triangles: the same bits at any number of
/// ranks.
std::vector<double> products_of_times(const Communicator& comm, const Patches& patches,
                                      const PatchSeries& residuals, long times) {
  const std::size_t n = times;
  const int order = static_cast<int>(times);
  const double weight = 1 / static_cast<double>(times), zero = 0;
  double bound = 0;  // no product is above the largest square
  for (std::size_t p = 0; p < residuals.size(); ++p) {
    const std::size_t modes = patches.mine[p].modes;
    PODSCALE_ASSERT(residuals[p].size() == modes * n, "{} residuals of {} modes at {} times",
                    residuals[p].size(), modes, times);
    for (std::size_t t = 0; t < n; ++t) {
      double square = 0;
      for (std::size_t m = 0; m < modes; ++m)
        square += residuals[p][t * modes + m] * residuals[p][t * modes + m];
      bound = std::max(bound, square * weight * (1 + 1e-9));
    }
  }
  ExactSum sum(n * n, comm.max(bound), std::ssize(patches.patch_of_token));
  std::vector<double> part(n * n);
  for (std::size_t p = 0; p < residuals.size(); ++p) {
    const int modes = patches.mine[p].modes;
    if (modes == 0) continue;
    dsyrk_("L", "T", &order, &modes, &weight, residuals[p].data(), &modes, &zero, part.data(), &order);
    sum.add(part);  // the upper triangle stays 0
  }
  std::vector<double> all = sum.reduce(comm, "products of the residuals");
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = j + 1; i < n; ++i) all[i * n + j] = all[j * n + i];
  return all;
}

/// Collective. Turns each mode so that its entry of largest magnitude, the first one of equals, is
/// positive.
void fix_signs(const Communicator& comm, const Patches& patches, int modes, std::size_t global_modes,
               std::vector<std::vector<double>>& rows) {
  std::vector<double> largest(global_modes, 0.0), sign(global_modes, 0.0);
  std::vector<long> first(global_modes,
                          std::numeric_limits<long>::min());  // less the number of the coefficient
  const auto for_entries = [&](const auto& work) {
    for (std::size_t p = 0; p < rows.size(); ++p) {
      const std::size_t k = patches.mine[p].modes;
      for (std::size_t i = 0; i < rows[p].size(); ++i)
        work(i / k, -(patches.mine[p].token * modes + static_cast<long>(i % k)), rows[p][i]);
    }
  };
  for_entries([&](std::size_t r, long, double u) { largest[r] = std::max(largest[r], std::abs(u)); });
  comm.max(std::span(largest));
  for_entries([&](std::size_t r, long at, double u) {
    if (std::abs(u) == largest[r]) first[r] = std::max(first[r], at);
  });
  comm.max(std::span(first));
  for_entries([&](std::size_t r, long at, double u) {
    if (at == first[r]) sign[r] = u < 0 ? -1 : 1;
  });
  comm.sum(std::span(sign));
  for (std::size_t p = 0; p < rows.size(); ++p)
    for (std::size_t i = 0; i < rows[p].size(); ++i)
      rows[p][i] *= sign[i / static_cast<std::size_t>(patches.mine[p].modes)];
}

}  // namespace

ResidualModes snapshot_modes(const Communicator& comm, const Patches& patches, int modes,
                             const PatchSeries& residuals, long times, int global_modes, double variance) {
  const std::size_t n = times;
  std::vector<double> products = products_of_times(comm, patches, residuals, times);
  Eigenpairs pairs;
  comm.agree([&] {
    if (!comm.is_root()) return;
    pairs = leading_eigenpairs(products, static_cast<int>(times), global_modes);
    pairs.values.resize(modes_that_hold(pairs.values, variance));
  });
  const long found = comm.max(static_cast<long>(pairs.count()));
  pairs.values.resize(found);
  pairs.vectors.resize(static_cast<std::size_t>(found) * n);
  comm.broadcast(std::span(pairs.values));
  comm.broadcast(std::span(pairs.vectors));
  ResidualModes result{pairs.values, {}};
  for (std::size_t p = 0; p < residuals.size(); ++p) {
    const int k = patches.mine[p].modes, count = static_cast<int>(found), order = static_cast<int>(times);
    std::vector<double> rows(static_cast<std::size_t>(k) * pairs.values.size());
    gemm(false, false, k, count, order, 1, residuals[p].data(), k, pairs.vectors.data(), order, 0,
         rows.data(), k);
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i] /= std::sqrt(static_cast<double>(times) * pairs.values[i / static_cast<std::size_t>(k)]);
    result.rows.push_back(std::move(rows));
  }
  fix_signs(comm, patches, modes, pairs.values.size(), result.rows);
  return result;
}

}  // namespace podscale
