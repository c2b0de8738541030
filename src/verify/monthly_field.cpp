#include "podscale/verify/monthly_field.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "podscale/core/error.hpp"

namespace podscale {

void MonthlyField::evaluate(double year_fraction, std::span<double> out) const {
  const std::size_t n = points;
  PODSCALE_ASSERT(values.size() == 12 * n && out.size() == n, "{} values, {} points, out {}", values.size(),
                  n, out.size());
  const double place = 12 * year_fraction - 0.5;
  const double below = std::floor(place), share = place - below;
  const auto first = static_cast<std::size_t>(static_cast<long>(below) + 12) % 12, second = (first + 1) % 12;
  for (std::size_t i = 0; i < n; ++i)
    out[i] = (1 - share) * values[first * n + i] + share * values[second * n + i];
}

UpperQuantile::UpperQuantile(long points, double q, long most)
    : q_(q),
      keep_(most > 0 ? most - static_cast<long>(std::floor(q * static_cast<double>(most - 1))) : 0),
      seen_(points, 0),
      heaps_(seen_.size() * keep_) {}

void UpperQuantile::add(std::span<const float> field) {
  PODSCALE_ASSERT(field.size() == seen_.size(), "{} values, {} points", field.size(), seen_.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!std::isfinite(field[i])) continue;
    float* const heap = &heaps_[i * keep_];
    const auto held = std::min(static_cast<std::size_t>(seen_[i]++), keep_);
    if (held < keep_) {
      heap[held] = field[i];
      std::push_heap(heap, heap + held + 1, std::greater<>());
    } else if (field[i] > heap[0]) {
      std::pop_heap(heap, heap + keep_, std::greater<>());
      heap[keep_ - 1] = field[i];
      std::push_heap(heap, heap + keep_, std::greater<>());
    }
  }
}

std::vector<double> UpperQuantile::quantiles() const {
  std::vector<double> out(seen_.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const long n = seen_[i];
    if (n == 0) continue;
    const auto held = std::min(static_cast<std::size_t>(n), keep_);
    std::vector<float> top(heaps_.begin() + i * keep_, heaps_.begin() + i * keep_ + held);
    std::sort(top.begin(), top.end(), std::greater<>());
    const double place = q_ * static_cast<double>(n - 1), below = std::floor(place), share = place - below;
    const std::size_t from_top = n - 1 - static_cast<long>(below);
    out[i] = top[from_top];
    if (share > 0) out[i] += share * (static_cast<double>(top[from_top - 1]) - top[from_top]);
  }
  return out;
}

std::vector<double> UpperQuantile::exceedance() const {
  std::vector<double> out(seen_.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < out.size(); ++i)
    if (const double n = static_cast<double>(seen_[i]); n > 0) out[i] = 1 - (q_ * (n - 1) + 1) / (n + 1);
  return out;
}

}  // namespace podscale
