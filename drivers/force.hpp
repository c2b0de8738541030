#pragma once
// --force: of the programs that leave a finished job alone.

#include <CLI/CLI.hpp>

namespace podscale {

/// Not collective. PODSCALE_FORCE of the environment means the same, for scripts.
inline void add_force(CLI::App& app, bool& force) {
  app.add_flag("--force", force,
               "Make the output again where it is finished: of this version, namelist, and inputs")
      ->envname("PODSCALE_FORCE");
}

}  // namespace podscale
