#include "podscale/study/fit_season.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
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
               const PatchSeries* residuals, const Work& work) {
  const Basis& basis = space.basis();
  const std::size_t local = basis.patches.mine.size(), k = basis.modes, global_modes = space.global_modes();
  for_blocks("seasonal variance", period.size(), block, [&](std::size_t first, std::size_t count) {
    PatchSeries part;
    for (std::size_t p = 0; residuals && p < local; ++p) {
      const auto modes = static_cast<std::size_t>(basis.patches.mine[p].modes);
      const auto of_block = std::span((*residuals)[p]).subspan(first * modes, count * modes);
      part.emplace_back(of_block.begin(), of_block.end());
    }
    const auto z = residuals ? space.whiten_residuals(comm, std::move(part), static_cast<long>(count))
                             : latents_of(comm, space, period, first, count);
    for (std::size_t t = 0; t < count; ++t) {
      Squares squares{std::vector<double>(local, 0.0), std::vector<double>(global_modes)};
      for (std::size_t p = 0; p < local; ++p)
        for (std::size_t m = 0; m < k; ++m) squares.patch[p] += std::pow(z.patch[(t * local + p) * k + m], 2);
      for (std::size_t r = 0; r < global_modes; ++r)
        squares.global[r] = std::pow(z.global[t * global_modes + r], 2);
      work(squares, period.year_phase[first + t]);
    }
  });
}

/// Log-likelihood that a variance v(t) gains over a constant one, each times the factor that suits
/// it best.
class Gain {
 public:
  /// n latents with sum of squares s at a time.
  void add(double s, double n, double v) {
    plain_ += s;
    scaled_ += s / v;
    log_ += n * std::log(v);
    count_ += n;
  }
  double value() const { return plain_ == 0 ? 0 : 0.5 * (count_ * std::log(plain_ / scaled_) - log_); }

 private:
  double plain_ = 0, scaled_ = 0, log_ = 0, count_ = 0;
};

}  // namespace

SeasonalVariance fit_seasonal_variance(const Communicator& comm, const LatentSpace& space,
                                       const EncodedPeriod& train, const EncodedPeriod& validate,
                                       int harmonics, long block, const PatchSeries* residuals) {
  const auto left_out = [&](const std::string& reason) {
    return SeasonalVariance{0, {}, {}, "left out: " + reason};
  };
  if (harmonics == 0) return {0, {}, {}, "left out: base.season = 0"};
  if (const YearCoverage year = year_coverage(train.year_phase, harmonics); year.has_gap())
    return left_out("data.train has " + year.text());
  const auto& patches = space.basis().patches.mine;
  const std::size_t global_modes = space.global_modes();
  SeasonalVariance season{harmonics, {}, {}};
  const std::size_t terms = season.terms();
  std::vector<double> normal(terms * terms, 0.0);
  season.patch.assign(patches.size() * terms, 0.0);
  season.global.assign(global_modes * terms, 0.0);
  for_times(comm, space, train, block, residuals, [&](const Squares& z, double phase) {
    const auto basis = harmonic_basis(phase, harmonics);
    for (std::size_t i = 0; i < terms; ++i) {
      for (std::size_t j = 0; j < terms; ++j) normal[j * terms + i] += basis[i] * basis[j];
      for (std::size_t p = 0; p < patches.size(); ++p)
        season.patch[p * terms + i] += basis[i] * z.patch[p] / std::max(1, patches[p].modes);
      for (std::size_t r = 0; r < global_modes; ++r) season.global[r * terms + i] += basis[i] * z.global[r];
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
  if (!solve(season.patch) || !solve(season.global))
    return left_out("the times of data.train do not determine it");

  std::vector<Gain> gains(patches.size()), global_gains(global_modes);
  for_times(comm, space, validate, block, nullptr, [&](const Squares& z, double phase) {
    const auto basis = harmonic_basis(phase, harmonics);
    for (std::size_t p = 0; p < patches.size(); ++p)
      gains[p].add(z.patch[p], patches[p].modes, variance_at(season.patch.data() + p * terms, basis));
    for (std::size_t r = 0; r < global_modes; ++r)
      global_gains[r].add(z.global[r], 1, variance_at(season.global.data() + r * terms, basis));
  });
  double bound = 0;
  for (const Gain& gain : gains) bound = std::max(bound, std::abs(gain.value()));
  ExactSum sum(1, comm.max(bound), std::ssize(space.basis().patches.patch_of_token));
  for (const Gain& gain : gains) sum.add(std::vector<double>{gain.value()});
  double total = sum.reduce(comm, "seasonal variance: gains of the patches").front();
  for (const Gain& gain : global_gains) total += gain.value();
  if (!std::isfinite(total))  // the gains of the global modes are the same on every rank
    throw Error(
        ExitCode::data,
        fmt::format("base.season: the gain in log-likelihood on data.validate is {}; expected a finite "
                    "number: look for absurd values in the input",
                    total),
        true);
  const std::string effect =
      fmt::format("it {} the log-likelihood of data.validate by {:.4g} a time",
                  total > 0 ? "raises" : "lowers", std::abs(total) / static_cast<double>(validate.size()));
  if (total <= 0) return left_out(effect);
  season.reason = "kept: " + effect;
  return season;
}

}  // namespace podscale
