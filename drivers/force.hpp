#pragma once
// --force: of the programs that leave a finished job alone.

#include <CLI/CLI.hpp>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Not collective. PODSCALE_FORCE of the environment means the same, for scripts.
inline void add_force(CLI::App& app, bool& force) {
  app.add_flag("--force", force,
               "Make the output again where it is finished: of this version, namelist, and inputs")
      ->envname("PODSCALE_FORCE");
}

/// Collective. Whether any rank was asked: the environment may not reach all of them.
inline bool is_forced(const Communicator& comm, bool asked) {
  return comm.max(asked ? 1 : 0) != 0;
}

}  // namespace podscale
