#include "podscale/parallel/exact_sum.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {

ExactSum::ExactSum(std::size_t size, double bound, long terms)
    : bound_(bound), scale_(0), terms_(terms), size_(size), sums_(size + kinds, 0) {
  PODSCALE_ASSERT(!(bound < 0) && terms >= 0, "bound {}, {} terms", bound, terms);
  const double largest = bound * static_cast<double>(std::max(1l, terms));
  // A power of two, so that scaling itself never rounds; 2^62 leaves a bit of room for the
  // rounding of terms. Not above 2^1023, which is the largest: sums of terms near the smallest
  // double are coarser.
  if (!std::isfinite(largest)) return;  // scale 0: reduce() says so
  const int exponent = largest > 0 ? 61 - static_cast<int>(std::ceil(std::log2(largest))) : 0;
  scale_ = std::ldexp(1.0, std::min(exponent, 1023));
}

void ExactSum::add(std::span<const double> terms, std::size_t first) {
  PODSCALE_ASSERT(first + terms.size() <= size_, "{} terms from {} for {} sums", terms.size(), first, size_);
  long* counters = sums_.data() + size_;
  ++counters[calls];
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const double size = std::abs(terms[i]);
    if (std::isfinite(size) && size <= bound_) {
      sums_[first + i] += std::llrint(terms[i] * scale_);
    } else {
      ++counters[std::isnan(size) ? nans : std::isinf(size) ? infinities : beyond];
      farthest_ = std::max(farthest_, size);
    }
  }
}

std::vector<double> ExactSum::reduce(const Communicator& comm, const std::string& what) {
  comm.sum(std::span(sums_));
  const long* found = sums_.data() + size_;
  const bool crowded = bound_ > 0 && found[calls] > terms_;  // zeros never overflow
  if (crowded || found[nans] + found[infinities] + found[beyond] > 0 || scale_ == 0) {
    const double farthest = comm.max(farthest_);
    comm.agree([&] {
      if (found[nans] + found[infinities] > 0 || scale_ == 0)
        fail(ExitCode::data,
             "{}: {} NaN and {} infinite terms, bound {}; expected finite numbers: look for absurd values in "
             "the input",
             what, found[nans], found[infinities], bound_);
      PODSCALE_ASSERT(found[beyond] == 0, "{}: {} terms beyond the bound {}, up to {}", what, found[beyond],
                      bound_, farthest);
      PODSCALE_ASSERT(!crowded, "{}: {} terms, but room for {}", what, found[calls], terms_);
    });
  }
  std::vector<double> sums;
  for (std::size_t i = 0; i < size_; ++i) sums.push_back(static_cast<double>(sums_[i]) / scale_);
  return sums;
}

}  // namespace podscale
