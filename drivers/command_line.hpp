#pragma once
// The command line of every program, before MPI is up. Nothing here is collective.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "program.hpp"

namespace podscale {

/// What was said on the command line.
struct CommandLine {
  std::string namelist;
  std::vector<std::string> assignments;
  std::string path_key, value_key;
  std::vector<std::string> files;
  std::string time_limit, stuck_after = "00:30:00";
  std::string summary, heartbeat;
  bool quiet = false, verbose = false, check = false;
};

/// The exit code where the run ends here: --help, --version, --reference, usage errors. One
/// process of the launcher speaks.
std::optional<int> read_command_line(int argc, char** argv, const ProgramInfo& info, CommandLine& line);

/// Prints what `text` returns, or the error that it throws, once for all ranks. Returns the exit
/// code.
int print_alone(const std::function<std::string()>& text);

/// The whole command, as a shell would be given it.
std::string as_typed(int argc, char** argv, const ProgramInfo& info);

}  // namespace podscale
