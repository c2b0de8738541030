#include "podscale/gaussian/contrast_spread.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace podscale {

std::array<double, 2> lr_contrast(const Predictors& predictors, std::span<const double> cell_scale,
                                  const float* condition) {
  const auto& lags = predictors.lags;
  const std::size_t cells = static_cast<std::size_t>(predictors.cells.slots()),
                    block = cells * static_cast<std::size_t>(predictors.channels);
  std::size_t present = 0;
  long farthest = 0;
  for (std::size_t l = 0; l < lags.size(); ++l) {
    if (std::labs(lags[l]) < std::labs(lags[present])) present = l;
    farthest = std::max(farthest, std::labs(lags[l]));
  }
  std::array<double, 2> contrast{};
  double counted = 0, changes = 0;
  for (std::size_t channel = 0; channel < static_cast<std::size_t>(predictors.channels); ++channel) {
    const std::size_t first = present * block + channel * cells;
    double sum = 0, squares = 0, n = 0;
    for (std::size_t i = first; i < first + cells; ++i) {
      if (!(cell_scale[i] > 0)) continue;
      const double value = static_cast<double>(condition[i]);
      sum += value;
      squares += value * value;
      n += 1;
      for (std::size_t l = 0; l < lags.size(); ++l) {
        if (l == present || std::labs(lags[l]) != farthest) continue;
        const double change = value - static_cast<double>(condition[i - present * block + l * block]);
        contrast[1] += change * change;
        changes += 1;
      }
    }
    if (n > 0) contrast[0] += std::max(squares - sum * sum / n, 0.0);
    counted += n;
  }
  if (counted > 0) contrast[0] /= counted;
  if (changes > 0) contrast[1] /= changes;
  return contrast;
}

std::array<double, 2> ContrastSpread::state(std::size_t p, const std::array<double, 2>& contrast) const {
  std::array<double, 2> x{};
  for (std::size_t k = 0; k < 2; ++k) {
    const double mean = reference[2 * p + k];  // a floor: a field without contrast says nothing more
    if (mean > 0) x[k] = 0.5 * std::log((contrast[k] + 0.01 * mean) / (1.01 * mean));
  }
  return x;
}

double ContrastSpread::factor(const std::array<double, 2>& state) const {
  const double log_variance = coefficients[0] + coefficients[1] * state[0] + coefficients[2] * state[1];
  return std::clamp(std::exp(0.5 * log_variance), 0.5, 2.0);
}

}  // namespace podscale
