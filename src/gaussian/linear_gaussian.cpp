#include "podscale/gaussian/linear_gaussian.hpp"

#include <cmath>

#include "podscale/core/checksum.hpp"

namespace podscale {

void regress(const std::vector<double>& b, int modes, const float* c, std::size_t conditions, double* a) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(modes); ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < conditions; ++i) sum += b[k * conditions + i] * static_cast<double>(c[i]);
    a[k] = sum;
  }
}

std::uint64_t LinearGaussian::checksum(const Communicator& comm, const Basis& basis) const {
  std::uint64_t sum = 0;  // one checksum a patch: independent of their order
  const std::size_t slots = static_cast<std::size_t>(conditions(basis));
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    Checksum patch;
    patch.add(static_cast<std::uint64_t>(basis.patches.mine[p].patch));
    patch.add(std::span<const double>(regression[p]));
    patch.add(std::span<const double>(predictor_scale).subspan(p * slots, slots));
    patch.add(std::span<const double>(residual.mine[p].global));
    patch.add(std::span<const double>(residual.mine[p].root));
    const std::size_t terms = static_cast<std::size_t>(season.terms());
    if (season.varies()) patch.add(std::span<const double>(season.patch).subspan(p * terms, terms));
    sum += patch.value();
  }
  Checksum all;
  all.add(comm.sum(static_cast<unsigned long>(sum)));
  for (const double value : cells.coefficients)
    if (!std::isnan(value)) all.add(std::span<const double>(&value, 1));
  all.add(std::span<const double>(residual.variance));
  all.add(std::uint64_t(halo));
  all.add(std::span<const double>(season.global));
  for (const long lag : lags) all.add(static_cast<std::uint64_t>(lag));
  return all.value();
}

}  // namespace podscale
