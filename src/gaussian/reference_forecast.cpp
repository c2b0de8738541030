#include "podscale/gaussian/reference_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/checksum.hpp"
#include "podscale/gaussian/ridge.hpp"

namespace podscale {

std::string Regime::text() const {
  if (!has_history()) return lags ? "LR at all lags" : "LR alone";
  return fmt::format("history of {:g} day{}", age, age == 1 ? "" : "s");
}

bool falls_back(std::span<const long> lags) {
  return std::any_of(lags.begin(), lags.end(), [](long lag) { return lag != 0; }) &&
         std::find(lags.begin(), lags.end(), 0) != lags.end();
}

ConditionLayout ReferenceForecast::layout(const Basis& basis) const {
  ConditionLayout layout;
  layout.lr = layout.projected = predictors.slots();
  layout.width = layout.then = layout.projected + basis.modes;
  if (ages.empty()) return layout;
  layout.history = layout.then + predictors.channels * predictors.cells.slots();
  layout.age = layout.history + basis.modes;
  layout.width = layout.age + 1;
  return layout;
}

std::optional<std::size_t> ReferenceForecast::find(const Regime& wanted) const {
  for (std::size_t r = 0; r < regimes(); ++r)
    if (regime(r).given.lags == wanted.lags && regime(r).given.age == wanted.age) return r;
  return std::nullopt;
}

Diagonal::Diagonal(const Basis& basis) {
  for (const PatchModes& patch : basis.patches.mine) {
    const std::size_t k = patch.modes;
    PatchCovariance own;
    own.root.assign(k * k, 0.0);
    for (std::size_t i = 0; i < k; ++i) own.root[i * k + i] = patch.scale[i];
    residual.mine.push_back(std::move(own));
  }
}

void Diagonal::mean(const Basis&, std::size_t, const float*, std::span<double> a) const {
  std::fill(a.begin(), a.end(), 0.0);
}

/// Loops in a fixed order: the same bits for a time whatever else is computed with it. Sums of four
/// modes go on together, each in its own order.
void LinearGaussian::mean(const Basis& basis, std::size_t p, const float* condition,
                          std::span<double> a) const {
  constexpr std::size_t kTogether = 4;
  const std::size_t width = row_width(basis), modes = static_cast<std::size_t>(basis.patches.mine[p].modes);
  const double* rows = regression[p].data();
  const auto given = [&](std::size_t i) {
    return static_cast<double>(condition[columns.empty() ? i : columns[i]]);
  };
  std::size_t k = 0;
  for (; k + kTogether <= modes; k += kTogether) {
    double sums[kTogether] = {};
    for (std::size_t i = 0; i < width; ++i) {
      const double x = given(i);
      for (std::size_t j = 0; j < kTogether; ++j) sums[j] += rows[(k + j) * width + i] * x;
    }
    for (std::size_t j = 0; j < kTogether; ++j) a[k + j] = sums[j];
  }
  for (; k < modes; ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i) sum += rows[k * width + i] * given(i);
    a[k] = sum;
  }
}

double LinearGaussian::spread(std::size_t p, const float* condition) const {
  if (inverse_root.empty()) return 1;
  double far = 0;
  if (columns.empty()) {
    far = std::sqrt(1 + leverage(inverse_root[p], condition));
  } else {
    std::vector<float> x;
    for (const std::size_t column : columns) x.push_back(condition[column]);
    far = std::sqrt(1 + leverage(inverse_root[p], x.data()));
  }
  if (!contrast.varies()) return far;
  const std::size_t slots = static_cast<std::size_t>(predictors.slots()),
                    width = predictor_scale.size() / inverse_root.size();
  const auto scale = std::span<const double>(predictor_scale).subspan(p * width, slots);
  return far * contrast.factor(contrast.state(p, lr_contrast(predictors, scale, condition)));
}

void LinearGaussian::add_regimes(const Basis& basis, const std::vector<double>& of_ages, bool without_lags) {
  ages = of_ages;
  std::vector<Regime> regimes;
  if (without_lags && falls_back(lags)) regimes.push_back({false, 0});
  for (const double age : ages) regimes.push_back({false, age});
  const ConditionLayout layout = this->layout(basis);
  const long of_lag = layout.lr / std::max<long>(1, std::ssize(lags));
  for (const Regime& regime : regimes) {
    LinearGaussian& other = others.emplace_back(halo, lags, predictors);
    other.given = regime;
    other.ages = ages;
    const auto add = [&](long first, long end) {
      for (long i = first; i < end; ++i) other.columns.push_back(static_cast<std::size_t>(i));
    };
    for (long l = 0; l < std::ssize(lags); ++l)
      if (lags[l] == 0) add(l * of_lag, (l + 1) * of_lag);
    if (regime.has_history()) add(layout.then, layout.age);
    add(layout.projected, layout.then);
  }
}

std::uint64_t LinearGaussian::checksum(const Communicator& comm, const Basis& basis) const {
  std::uint64_t sum = 0;  // one checksum a patch: independent of their order
  const std::size_t k = static_cast<std::size_t>(basis.modes);
  const std::size_t slots = static_cast<std::size_t>(conditions(basis));
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    Checksum patch;
    patch.add(static_cast<std::uint64_t>(basis.patches.mine[p].patch));
    patch.add(std::span<const double>(regression[p]));
    patch.add(std::span<const double>(predictor_scale).subspan(p * slots, slots));
    if (!predictor_range.empty())
      patch.add(std::span<const double>(predictor_range).subspan(p * slots, slots));
    if (!inverse_root.empty()) patch.add(std::span<const float>(inverse_root[p]));
    patch.add(std::span<const double>(residual.mine[p].global));
    patch.add(std::span<const double>(residual.mine[p].root));
    const std::size_t terms = season.terms();
    if (time.coherent())
      patch.add(std::span<const double>(numbers_of(std::span(time.patch).subspan(p * k, k))));
    if (season.varies()) patch.add(std::span<const double>(season.patch).subspan(p * terms, terms));
    if (contrast.varies()) patch.add(std::span<const double>(contrast.reference).subspan(2 * p, 2));
    if (basis.seams.present()) {
      const std::size_t n = static_cast<std::size_t>(basis.points());
      for (const long point : basis.patches.mine[p].points)
        for (std::size_t s = 0; s < 4; ++s)
          patch.add(std::span(basis.seams.map()).subspan(s * n + static_cast<std::size_t>(point), 1));
    }
    sum += patch.value();
  }
  Checksum all;
  all.add(comm.sum(static_cast<unsigned long>(sum)));
  for (const double value : cells.coefficients)
    if (!std::isnan(value)) all.add(std::span<const double>(&value, 1));
  all.add(std::span<const double>(residual.variance));
  if (contrast.varies()) all.add(std::span<const double>(contrast.coefficients));
  all.add(std::uint64_t(halo));
  all.add(std::span<const double>(season.global));
  if (time.coherent()) {
    all.add(std::span<const double>(numbers_of(time.global)));
    all.add(std::span<const double>(numbers_of(std::span(&time.truncation, 1))));
  }
  for (const long lag : lags) all.add(static_cast<std::uint64_t>(lag));
  for (const LinearGaussian& other : others) {
    all.add(other.checksum(comm, basis));
    all.add(std::span<const double>(&other.given.age, 1));
  }
  Checksum both;
  both.add(basis.checksum(comm));
  both.add(all.value());
  return both.value();
}

}  // namespace podscale
