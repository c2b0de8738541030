// The leading modes of residuals with few coefficients, from their products between coefficients:
// one pass over the residuals, where the operator of residual_modes.cpp makes two an iteration.
#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"
#include "podscale/pod/modes.hpp"
#include "residual_modes.hpp"

namespace podscale {

ResidualModes coefficient_modes(const Communicator& comm, const Patches& patches, int modes,
                                const PatchSeries& residuals, long times, int global_modes, double variance) {
  const std::size_t n = patches.patch_of_token.size() * static_cast<std::size_t>(modes),
                    count = static_cast<std::size_t>(times);
  // Rank 0 multiplies, in the order of the patches: the same bits at any number of ranks.
  std::vector<double> all(n * count, 0.0);
  comm.agree([&] {
    for (std::size_t p = 0; p < residuals.size(); ++p) {
      const auto k = static_cast<std::size_t>(patches.mine[p].modes),
                 row = static_cast<std::size_t>(patches.mine[p].token * modes);
      PODSCALE_ASSERT(residuals[p].size() == k * count, "{} residuals of {} modes at {} times",
                      residuals[p].size(), k, times);
      for (std::size_t t = 0; t < count; ++t)
        std::copy_n(residuals[p].data() + t * k, k, all.data() + t * n + row);
    }
  });
  if (comm.size() > 1) comm.sum(std::span(all));  // every value comes from one rank
  Eigenpairs pairs;
  comm.agree([&] {
    if (!comm.is_root()) return;
    std::vector<double> products(n * n, 0.0);
    const int order = static_cast<int>(n), columns = static_cast<int>(times);
    const double weight = 1 / static_cast<double>(times), zero = 0;
    dsyrk_("L", "N", &order, &columns, &weight, all.data(), &order, &zero, products.data(), &order);
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = j + 1; i < n; ++i) products[i * n + j] = products[j * n + i];
    pairs = leading_eigenpairs(products, order, global_modes);
    pairs.values.resize(modes_that_hold(pairs.values, variance));
  });
  const long found = comm.max(static_cast<long>(pairs.count()));
  pairs.values.resize(found);
  pairs.vectors.resize(static_cast<std::size_t>(found) * n);
  comm.broadcast(std::span(pairs.values));
  comm.broadcast(std::span(pairs.vectors));
  ResidualModes result{pairs.values, {}};
  for (const PatchModes& patch : patches.mine) {
    std::vector<double> rows;
    for (std::size_t r = 0; r < pairs.values.size(); ++r) {
      const auto from = pairs.vectors.begin() + static_cast<long>(r * n) + patch.token * modes;
      rows.insert(rows.end(), from, from + patch.modes);
    }
    result.rows.push_back(std::move(rows));
  }
  return result;
}

}  // namespace podscale
