#include "podscale/gaussian/time_functional.hpp"

#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {

void TimeFunctional::add_columns(std::span<const double> y, std::span<const TwoScale> scales, double lag,
                                 std::vector<Sums>& sums) {
  PODSCALE_ASSERT(y.size() == scales.size(), "{} columns, {} autocorrelations", y.size(), scales.size());
  sums.resize(y.size());
  const auto decay = [lag](double time) { return lag == 0 ? 1 : time > 0 ? std::exp(-lag / time) : 0; };
  for (std::size_t c = 0; c < y.size(); ++c) {
    Sums& s = sums[c];
    if (y[c] == 0 && s.fast == 0) continue;  // elsewhere
    const TwoScale& scale = scales[c];
    s.fast *= decay(scale.fast);
    s.slow *= decay(scale.slow);
    // Half of itself and of the cell before, where cells are averaged.
    const auto averaged = [&](double time) {
      return scale.cell > 0 && time > 0 && lag > 0 ? 0.5 * (1 + std::exp(scale.cell / time)) : 1;
    };
    variance_ += y[c] * (y[c] + 2 * ((1 - scale.slow_weight) * averaged(scale.fast) * s.fast +
                                     scale.slow_weight * averaged(scale.slow) * s.slow));
    s.fast += y[c];
    s.slow += y[c];
  }
}

void TimeFunctional::add(long cell, double weight, const FunctionalTerms& terms) {
  PODSCALE_ASSERT(!started_ || cell >= cell_, "cell {} after {}", cell, cell_);
  const double lag = started_ ? static_cast<double>(cell - cell_) * time_->lattice.step() : 0;
  started_ = true;
  cell_ = cell;
  mean_ += weight * terms.mean;
  const auto weighted = [weight](std::vector<double> y) {
    for (double& value : y) value *= weight;
    return y;
  };
  add_columns(std::vector<double>{weight * std::sqrt(terms.truncation)}, std::span(&time_->truncation, 1),
              lag, truncation_);
  if (columns_ == Columns::latents) {
    add_columns(weighted(terms.shared), time_->global, lag, shared_);
    add_columns(weighted(terms.own), time_->patch, lag, own_);
    return;
  }
  members_.resize(terms.shared.size(), 0.0);
  for (std::size_t m = 0; m < members_.size(); ++m) members_[m] += weight * terms.shared[m];
}

FunctionalForecast TimeFunctional::value() const {
  double variance = variance_;
  for (const double sum : members_) variance += sum * sum;
  return {mean_, variance};
}

}  // namespace podscale
