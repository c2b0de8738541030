#pragma once
// The frame of every program: command line, MPI and SLEPc, namelist, signals, errors and exit
// codes. A driver's main() is the steps of its own work only.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "podscale/core/stop.hpp"
#include "podscale/core/version.hpp"
#include "podscale/study/context.hpp"

namespace CLI {
class App;
}

namespace podscale {

/// What a program says of itself.
struct ProgramInfo {
  std::string name;                 ///< "podscale-basis"
  std::string summary;              ///< one line
  std::vector<std::string> groups;  ///< of the namelist that it reads: for --help and the log
  std::string example;              ///< sample runs, one a line
  bool nothing_to_save = false;     ///< SIGTERM and SIGINT end it at once
  bool stops_on_signal = false;     ///< its loops ask stop_here(); others die by a signal as usual
  bool takes_files = false;         ///< positional files instead of a namelist (podscale-inspect)
  std::function<void(CLI::App&)> options;  ///< adds options of its own; optional
  std::string versions;                    ///< more lines for --version ("LibTorch 1.13.1"); optional
};

/// Collective on MPI_COMM_WORLD; initialises and finalises MPI, PETSc and SLEPc, so it is called
/// once. Returns the exit code of the process: what `body` returns, or that of an error. An error
/// that all ranks come with within seconds (agreed or not) is printed once, in one line, and its
/// code returned on every rank; any other is printed with its rank and ends the run by MPI_Abort
/// with its code. --help, --version and errors on the command line need no MPI.
int run_program(int argc, char** argv, const ProgramInfo& info, const std::function<int(Context&)>& body);

}  // namespace podscale
