#include "unit_gradients.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace podscale {

void UnitGradients::mean(std::span<float> out) const {
  const bool alone = processes_->size() == 1;
  double largest = 0;
  for (const auto& gradient : mine_)
    for (const float value : gradient)
      if (const double size = std::abs(static_cast<double>(value)); !(size <= largest))
        largest = std::isnan(size) ? std::numeric_limits<double>::infinity() : size;
  if (!alone) largest = processes_->max(largest);
  if (!std::isfinite(largest)) {
    std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
    return;
  }
  // x + big - big rounds x to a multiple of `grid`: sums stay below 2^52 of it.
  const int exponent = largest > 0 ? std::ilogb(largest) + 1 : 0,
            bits = static_cast<int>(std::ceil(std::log2(static_cast<double>(parts_))));
  const double grid = std::ldexp(1.0, std::max(exponent + bits - 51, -1000)),
               big = 1.5 * std::ldexp(grid, 52);
  std::vector<double> total(out.size(), 0.0);
  for (const auto& gradient : mine_)
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += (static_cast<double>(gradient[i]) + big) - big;
  if (!alone) processes_->sum(std::span(total));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(total[i] / parts_);
}

}  // namespace podscale
