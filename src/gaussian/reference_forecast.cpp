#include "podscale/gaussian/reference_forecast.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/checksum.hpp"
#include "podscale/gaussian/ridge.hpp"

namespace podscale {

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

/// Loops in a fixed order: the same bits for a time whatever else is computed with it.
void LinearGaussian::mean(const Basis& basis, std::size_t p, const float* condition,
                          std::span<double> a) const {
  const std::size_t width = conditions(basis);
  for (std::size_t k = 0; k < static_cast<std::size_t>(basis.patches.mine[p].modes); ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i)
      sum += regression[p][k * width + i] * static_cast<double>(condition[i]);
    a[k] = sum;
  }
}

double LinearGaussian::spread(std::size_t p, const float* condition) const {
  const double far = inverse_root.empty() ? 1 : std::sqrt(1 + leverage(inverse_root[p], condition));
  if (!contrast.varies()) return far;
  const std::size_t slots = static_cast<std::size_t>(predictors.slots()),
                    width = predictor_scale.size() / inverse_root.size();
  const auto scale = std::span<const double>(predictor_scale).subspan(p * width, slots);
  return far * contrast.factor(contrast.state(p, lr_contrast(predictors, scale, condition)));
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
  Checksum both;
  both.add(basis.checksum(comm));
  both.add(all.value());
  return both.value();
}

}  // namespace podscale
