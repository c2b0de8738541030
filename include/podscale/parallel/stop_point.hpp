#pragma once
// Where ranks agree on whether to stop.

#include "podscale/core/stop.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective. Error(requeue) on all ranks once one of them was asked to stop.
inline void stop_point(const Communicator& comm) {
  comm.agree([] { stop_here(); });
}

}  // namespace podscale
