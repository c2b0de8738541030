#include "podscale/study/fit_season.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/lapack.hpp"
#include "podscale/core/log.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {
namespace {

/// Squared latents of a time: their sum in every patch, and each global one.
struct Squares {
  std::vector<double> patch, global;
};
/// work(squares, phase) for every time of a period.
template <class Work>
void for_times(const Communicator& comm, const LatentSpace& space, const EncodedPeriod& period, long block,
               const Work& work) {
  const Basis& basis = space.basis();
  const std::size_t local = basis.patches.mine.size(), k = static_cast<std::size_t>(basis.modes),
                    rank = static_cast<std::size_t>(space.global_modes());
  for_blocks("seasonal variance", period.size(), block, [&](std::size_t first, std::size_t count) {
    const auto z =
        space.whiten(comm, period.a(first, count), period.c(first, count), static_cast<long>(count));
    for (std::size_t t = 0; t < count; ++t) {
      Squares squares{std::vector<double>(local, 0.0), std::vector<double>(rank)};
      for (std::size_t p = 0; p < local; ++p)
        for (std::size_t m = 0; m < k; ++m) squares.patch[p] += std::pow(z.patch[(t * local + p) * k + m], 2);
      for (std::size_t r = 0; r < rank; ++r) squares.global[r] = std::pow(z.global[t * rank + r], 2);
      work(squares, period.year_phase[first + t]);
    }
  });
}

/// 2 log of the likelihood ratio of variance v against 1, for n latents with sum of squares s.
double gain(double s, double n, double v) {
  return s - s / v - n * std::log(v);
}

}  // namespace

SeasonalVariance fit_seasonal_variance(const Communicator& comm, const LatentSpace& space,
                                       const EncodedPeriod& train, const EncodedPeriod& validate,
                                       int harmonics, long block) {
  if (harmonics == 0) return {};
  const auto& patches = space.basis().patches.mine;
  const std::size_t rank = static_cast<std::size_t>(space.global_modes());
  SeasonalVariance season{harmonics, {}, {}};
  const std::size_t terms = static_cast<std::size_t>(season.terms());
  std::vector<double> normal(terms * terms, 0.0);
  season.patch.assign(patches.size() * terms, 0.0);
  season.global.assign(rank * terms, 0.0);
  for_times(comm, space, train, block, [&](const Squares& z, double phase) {
    const auto basis = harmonic_basis(phase, harmonics);
    for (std::size_t i = 0; i < terms; ++i) {
      for (std::size_t j = 0; j < terms; ++j) normal[j * terms + i] += basis[i] * basis[j];
      for (std::size_t p = 0; p < patches.size(); ++p)
        season.patch[p * terms + i] += basis[i] * z.patch[p] / std::max(1, patches[p].modes);
      for (std::size_t r = 0; r < rank; ++r) season.global[r * terms + i] += basis[i] * z.global[r];
    }
  });
  for (std::size_t i = 0; i < terms; ++i) normal[i * terms + i] *= 1 + 1e-13;  // phases that coincide
  const auto solve = [&](std::vector<double>& right) {
    const int n = static_cast<int>(terms), columns = static_cast<int>(right.size() / terms);
    std::vector<double> matrix = normal;
    int info = 0;
    dposv_("L", &n, &columns, matrix.data(), &n, right.data(), &n, &info);
    double smallest = matrix[0], largest = matrix[0];
    for (std::size_t i = 0; i < terms; ++i) {
      smallest = std::min(smallest, matrix[i * terms + i]);
      largest = std::max(largest, matrix[i * terms + i]);
    }
    return info == 0 && smallest > 1e-3 * largest;  // the same phases, hence the same answer, on every rank
  };
  if (!solve(season.patch) || !solve(season.global)) {
    log::warn("base.season = {}: data.train does not see enough of the year for it: left out", harmonics);
    return {};
  }

  std::vector<double> gains(patches.size(), 0.0);
  double global_gain = 0;
  for_times(comm, space, validate, block, [&](const Squares& z, double phase) {
    const auto basis = harmonic_basis(phase, harmonics);
    for (std::size_t p = 0; p < patches.size(); ++p)
      gains[p] += gain(z.patch[p], patches[p].modes, variance_at(season.patch.data() + p * terms, basis));
    for (std::size_t r = 0; r < rank; ++r)
      global_gain += gain(z.global[r], 1, variance_at(season.global.data() + r * terms, basis));
  });
  double bound = 0;
  for (const double value : gains) bound = std::max(bound, std::abs(value));
  ExactSum sum(1, comm.max(bound), static_cast<long>(space.basis().patches.patch_of_token.size()));
  for (const double value : gains) sum.add(std::span(&value, 1));
  const double total = sum.reduce(comm).front() + global_gain;
  log::info("base: seasonal variance {} the log-likelihood of data.validate by {:.4g} a time: {}",
            total > 0 ? "raises" : "lowers", std::abs(total) / 2 / static_cast<double>(validate.size()),
            total > 0 ? "kept" : "left out");
  return total > 0 ? season : SeasonalVariance{};
}

}  // namespace podscale
