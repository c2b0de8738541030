#pragma once
// Strips of a neighbour's points around a rank's window. Only patches that overlap need them.

#include <petscsf.h>

#include <span>
#include <vector>

#include "podscale/core/handle.hpp"
#include "podscale/parallel/decomposition.hpp"

namespace podscale {

class HaloExchange {
 public:
  /// No margin: the extended window is empty and widen() must not be called.
  HaloExchange() = default;
  /// Collective on comm, which need not outlive it. margin: points on every side, fewer at the
  /// edges of a grid that is not periodic; with periodic the first and the last column are
  /// neighbours. Error(usage) where a window has more points than PETSc counts.
  HaloExchange(const Communicator& comm, const Decomposition& decomposition, bool periodic, long margin);
  /// This rank's window with its margin; columns may be negative or pass the last one.
  const Window& extended() const { return extended_; }
  /// Collective. fields: [count][window points] -> [count][extended points], exact copies.
  std::vector<double> widen(std::span<const double> fields, long count) const;

 private:
  Window window_, extended_;
  std::vector<PetscInt> margin_;  // points of the extended window that are not the window's own
  std::vector<PetscInt> asked_;   // points of the window that others, or this rank, have in a margin
  Handle<PetscSF, PetscSFDestroy> forest_;
};

}  // namespace podscale
