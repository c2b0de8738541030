#pragma once
// What a run is: program, build, libraries, ranks, namelist. The header of the log, the run
// summary and the heartbeat all say it.

#include <string>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "node.hpp"

namespace podscale {

using LibraryVersions = std::vector<std::pair<std::string, std::string>>;  // name, version

/// Not collective, before MPI too. Those that a program is linked to.
LibraryVersions library_versions(const ProgramInfo& info);

struct RunFacts {
  std::string program, version, build;
  LibraryVersions libraries;
  std::string host;
  long process = 0;
  int ranks = 1, nodes = 1, cores = 1;  ///< cores that the ranks of this node may use
  int threads = 1;                      ///< of a rank, in linear algebra
  std::string namelist;                 ///< its path; "": none
  std::string command, started;
};

/// Not collective, after MPI_Init. threads: training.threads, 0 = automatic.
RunFacts run_facts(const ProgramInfo& info, const CommandLine& line, const Node& node, int ranks,
                   int threads);
/// Rank 0 speaks. The lines of the log that come behind the first one.
void log_header(const RunFacts& facts);

}  // namespace podscale
