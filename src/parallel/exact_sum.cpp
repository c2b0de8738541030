#include "podscale/parallel/exact_sum.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {

ExactSum::ExactSum(std::size_t size, double bound, long terms) : sums_(size, 0) {
  PODSCALE_ASSERT(std::isfinite(bound) && bound >= 0 && terms >= 0, "bound {}, {} terms", bound, terms);
  const double largest = bound * static_cast<double>(std::max(1l, terms));
  // A power of two, so that scaling itself never rounds; 2^62 leaves a bit of room for the rounding of terms.
  // Not above 2^1023, which is the largest: sums of terms near the smallest double are coarser.
  const int exponent = largest > 0 ? 61 - static_cast<int>(std::ceil(std::log2(largest))) : 0;
  scale_ = std::ldexp(1.0, std::min(exponent, 1023));
}

void ExactSum::add(std::span<const double> terms, std::size_t first) {
  PODSCALE_ASSERT(first + terms.size() <= sums_.size(), "{} terms from {} for {} sums", terms.size(), first,
                  sums_.size());
  for (std::size_t i = 0; i < terms.size(); ++i) sums_[first + i] += std::llrint(terms[i] * scale_);
}

std::vector<double> ExactSum::reduce(const Communicator& comm) {
  comm.sum(std::span(sums_));
  std::vector<double> sums;
  for (const long sum : sums_) sums.push_back(static_cast<double>(sum) / scale_);
  return sums;
}

}  // namespace podscale
