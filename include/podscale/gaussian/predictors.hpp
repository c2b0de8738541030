#pragma once
// The condition c_p of a patch: LR anomalies of the cells near it (Neighbourhood) in all channels,
// at some time lags (method: section 2.4).

#include <vector>

#include "podscale/mesh/neighbourhood.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

/// Where a rank finds the predictors of its patches. Slot = (lag * channels + channel) * cells +
/// cell; a slot without a cell is 0 and unused.
struct Predictors {
  Predictors() = default;  ///< none: no slots
  /// Collective on comm. halo: LR cells on each side of a patch; lags: in steps of the LR series.
  Predictors(const Communicator& comm, const Basis& basis, long halo, std::vector<long> lags);

  Neighbourhood cells;
  std::vector<long> lags;
  long channels = 0;

  long slots() const { return std::ssize(lags) * channels * cells.slots(); }
  const Window& source() const { return cells.source(); }  ///< LR cells that this rank reads
};

}  // namespace podscale
