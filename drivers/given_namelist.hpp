#pragma once
// The namelist that a program was given: read, asked for one value, and its files kept apart.

#include <string>

#include "command_line.hpp"
#include "podscale/study/context.hpp"

namespace podscale {

/// Collective. Rank 0 reads, all parse the same text: an error is the same everywhere. Errors:
/// usage, no_input, data or io.
void read_namelist(const CommandLine& line, Context& context);

/// Not collective, without MPI. What --print-path or --print-value prints: scripts need not read
/// namelists themselves. Errors: those of read_namelist; usage where there is no such key.
std::string asked_for(const CommandLine& line);

/// Rank 0. All files of a study count as outputs, whichever program runs: Error(usage) where one
/// of them would replace another, the namelist or an input. makes_ocean: the inputs may be what is
/// made here. further: outputs of the command line, as (option, path).
void keep_files_apart(const Namelist& namelist, const std::string& file, bool makes_ocean,
                      const std::vector<std::pair<std::string, std::string>>& further);

}  // namespace podscale
