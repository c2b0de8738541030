#pragma once
// A vector of all coefficients of a region, whole on rank 0 alone: its rows go to the ranks that
// own their patches, and come back.

#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/pod/modes.hpp"

namespace podscale {

class ScatteredRows {
 public:
  /// Collective on comm; both must outlive it. modes: K, rows a patch. Error(usage) where there
  /// are more coefficients than MPI can count.
  ScatteredRows(const Communicator& comm, const Patches& patches, int modes);

  std::size_t size() const { return size_; }  ///< [tokens of the region][K]
  std::size_t mine() const { return mine_; }  ///< [local patches][K]
  /// Collective. whole: [size()] on rank 0, not looked at elsewhere. own: [mine()].
  void scatter(std::span<const double> whole, std::span<double> own) const;
  /// Collective. The other way.
  void gather(std::span<const double> own, std::span<double> whole) const;

 private:
  const Communicator* comm_;
  std::size_t modes_, size_, mine_;
  // Of rank 0: tokens of one rank after the other, and what goes to each, in values.
  std::vector<long> tokens_;
  std::vector<int> counts_, starts_;
};

}  // namespace podscale
