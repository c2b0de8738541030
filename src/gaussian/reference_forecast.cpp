#include "podscale/gaussian/reference_forecast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/checksum.hpp"
#include "podscale/core/lapack.hpp"
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
  const auto& lags = predictors.lags;
  layout.now = (std::find(lags.begin(), lags.end(), 0) - lags.begin()) % std::max(1l, std::ssize(lags)) *
               predictors.channels * predictors.cells.slots();
  if (ages.empty()) return layout;
  layout.history = layout.then + predictors.channels * predictors.cells.slots();
  layout.age = layout.history + basis.modes;
  layout.width = layout.age + 1;
  return layout;
}

std::vector<std::size_t> ReferenceForecast::told(const Basis& basis) const {
  const ConditionLayout layout = this->layout(basis);
  if (ages.empty() && given.lags) return {};
  std::vector<std::size_t> values;
  const auto add = [&](long first, long end) {
    for (long i = first; i < end; ++i) values.push_back(static_cast<std::size_t>(i));
  };
  if (given.lags)
    add(0, layout.lr);
  else
    add(layout.now, layout.now + predictors.channels * predictors.cells.slots());
  add(layout.projected, given.has_history() ? layout.width : layout.then);
  return values;
}

std::optional<std::size_t> ReferenceForecast::find(const Regime& wanted) const {
  for (std::size_t r = 0; r < regimes(); ++r)
    if (regime(r).given.lags == wanted.lags && regime(r).given.age == wanted.age) return r;
  return std::nullopt;
}

std::vector<double> ReferenceForecast::residuals(const Basis& basis, std::size_t p, const float* a,
                                                 std::size_t stride_a, const float* condition,
                                                 std::size_t stride_c, std::size_t times) const {
  const std::size_t modes = basis.patches.mine[p].modes;
  std::vector<double> mean_of(modes), out;
  out.reserve(times * modes);
  for (std::size_t t = 0; t < times; ++t) {
    mean(basis, p, condition + t * stride_c, mean_of);
    const double scale = spread(p, condition + t * stride_c);
    for (std::size_t m = 0; m < modes; ++m)
      out.push_back((static_cast<double>(a[t * stride_a + m]) - mean_of[m]) / scale);
  }
  return out;
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

/// Loops in a fixed order: the same bits for a time whatever else is computed with it. Sums of
/// four modes go on together, each in its own order.
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
  if (columns.empty()) return spread_of(p, condition, leverage(inverse_root[p], condition));
  std::vector<float> x;
  for (const std::size_t column : columns) x.push_back(condition[column]);
  return spread_of(p, condition, leverage(inverse_root[p], x.data()));
}

double LinearGaussian::spread_of(std::size_t p, const float* condition, double leverage) const {
  const double far = std::sqrt(1 + leverage);
  if (!contrast.varies()) return far;
  const std::size_t slots = static_cast<std::size_t>(predictors.slots()),
                    width = predictor_scale.size() / inverse_root.size();
  const auto scale = std::span<const double>(predictor_scale).subspan(p * width, slots);
  return far * contrast.factor(contrast.state(p, lr_contrast(predictors, scale, condition)));
}

std::vector<double> LinearGaussian::residuals(const Basis& basis, std::size_t p, const float* a,
                                              std::size_t stride_a, const float* condition,
                                              std::size_t stride_c, std::size_t times) const {
  constexpr std::size_t kTogether = 256;
  const std::size_t width = row_width(basis), modes = basis.patches.mine[p].modes;
  std::vector<double> root;  // W, [slots x slots] column-major
  std::size_t slots = 0;
  if (!inverse_root.empty()) {
    while (slots * (slots + 1) / 2 < inverse_root[p].size()) ++slots;
    root.assign(slots * slots, 0.0);
    for (std::size_t i = 0, at = 0; i < slots; ++i)
      for (std::size_t j = 0; j <= i; ++j) root[j * slots + i] = static_cast<double>(inverse_root[p][at++]);
  }
  std::vector<double> x(width * kTogether), far(slots * kTogether), mean(modes * kTogether), out(times * modes);
  const int n = static_cast<int>(width), s = static_cast<int>(slots), k = static_cast<int>(modes);
  for (std::size_t first = 0; first < times && modes > 0; first += kTogether) {
    const std::size_t count = std::min(kTogether, times - first);
    const int columns_of = static_cast<int>(count);
    for (std::size_t t = 0; t < count; ++t) {
      const float* row = condition + (first + t) * stride_c;
      for (std::size_t i = 0; i < width; ++i)
        x[t * width + i] = static_cast<double>(row[columns.empty() ? i : columns[i]]);
    }
    gemm(true, false, k, columns_of, n, 1, regression[p].data(), n, x.data(), n, 0, mean.data(), k);
    gemm(false, false, s, columns_of, s, 1, root.data(), s, x.data(), n, 0, far.data(), s);
    for (std::size_t t = 0; t < count; ++t) {
      double leverage = 0;
      for (std::size_t i = 0; i < slots; ++i) leverage += far[t * slots + i] * far[t * slots + i];
      const double scale =
          inverse_root.empty() ? 1 : spread_of(p, condition + (first + t) * stride_c, leverage);
      for (std::size_t m = 0; m < modes; ++m)
        out[(first + t) * modes + m] =
            (static_cast<double>(a[(first + t) * stride_a + m]) - mean[t * modes + m]) / scale;
    }
  }
  return out;
}

void LinearGaussian::add_regimes(const Basis& basis, const std::vector<double>& of_ages,
                                 bool without_lags) {
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
