#pragma once
// Sums over patches that are the same bits at any number of ranks: terms are rounded to a common
// grid once, and integers add up exactly in any order.

#include <span>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

class ExactSum {
 public:
  /// Not collective. A vector of `size` sums, filled by at most `terms` calls of add() over all
  /// ranks, with no term larger than `bound` in magnitude (the same arguments on every rank). Each
  /// term is rounded to a multiple of at most bound * terms * 2^-60, or 2^-1023 where that is
  /// larger.
  ExactSum(std::size_t size, double bound, long terms);
  /// Not collective. Adds one term to every sum from `first` on. A term that cannot be added (NaN,
  /// infinite, beyond the bound) is remembered for reduce().
  void add(std::span<const double> terms, std::size_t first = 0);
  /// Collective, once. The sums over all ranks, the same on every rank. what: for the errors,
  /// which all ranks throw: data (a term or the bound is NaN or infinite), bug (a term beyond the
  /// bound, more calls than `terms`).
  std::vector<double> reduce(const Communicator& comm, const std::string& what = "a sum over ranks");

 private:
  enum Found { calls, nans, infinities, beyond, kinds };
  double bound_, scale_, farthest_ = 0;
  long terms_;
  std::size_t size_;
  std::vector<long> sums_;  // the sums, then one counter of each kind: one reduction for all
};

}  // namespace podscale
