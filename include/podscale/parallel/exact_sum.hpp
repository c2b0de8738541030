#pragma once
// Sums over patches that are the same bits at any number of ranks: terms are rounded to a common grid once,
// and integers add up exactly in any order.

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

class ExactSum {
 public:
  /// Not collective. A vector of `size` sums of at most `terms` terms each, over all ranks, none larger than
  /// `bound` in magnitude (the same arguments on every rank). Each term is rounded to a multiple of at most
  /// bound * terms * 2^-60, or 2^-1023 where that is larger.
  ExactSum(std::size_t size, double bound, long terms);
  /// Not collective. Adds one term to every sum from `first` on.
  void add(std::span<const double> terms, std::size_t first = 0);
  /// Collective. The sums over all ranks, the same on every rank.
  std::vector<double> reduce(const Communicator& comm);

 private:
  double scale_;
  std::vector<long> sums_;
};

}  // namespace podscale
