#pragma once
// The frame of every program: command line, MPI and SLEPc, namelist, signals, errors and exit codes. A
// driver's main() is the steps of its own work only.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/parallel/communicator.hpp"

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
  bool stops_on_signal = false;     ///< its loops ask stop_requested(); others die by a signal as usual
  bool takes_files = false;         ///< positional files instead of a namelist (podscale-inspect)
  std::function<void(CLI::App&)> options;  ///< adds options of its own; optional
  std::string versions;                    ///< more lines for --version ("LibTorch 1.13.1"); optional
};

/// What the body of a program works with. Lives as long as run_program's body; owns a duplicate of
/// MPI_COMM_WORLD.
struct Context {
  Communicator comm;
  Namelist namelist;
  bool check = false;              ///< --check: validate namelist and inputs, touch nothing
  bool dry_run = false;            ///< --dry-run: say what would be done, and stop before the work
  std::vector<std::string> files;  ///< positional files of a program with takes_files

  /// Not collective. `name` below output.directory, or `name` itself where it is absolute.
  std::string output_path(const std::string& name) const;
  /// Not collective. The path that the namelist gives to a file: output_path of a text key.
  std::string output_path_of(const std::string& key) const;
  /// Collective. Before the work: makes output.directory, and takes the right to write the files, by path,
  /// for as long as the result lives, so that another run of the same study is refused at once and not at its
  /// end. Nothing under --check and --dry-run. Errors: io.
  [[nodiscard]] std::vector<OutputLock> claim(const std::vector<std::string>& outputs) const;
};

/// Collective on MPI_COMM_WORLD; initialises and finalises MPI, PETSc and SLEPc, so it is called once.
/// Returns the exit code of the process: what `body` returns, or that of an error. An Error that all ranks
/// agreed on is printed once and returned on every rank; any other exception is printed with its rank and
/// ends the run by MPI_Abort.
/// --help, --version and errors on the command line need no MPI.
int run_program(int argc, char** argv, const ProgramInfo& info, const std::function<int(Context&)>& body);

/// Not collective. A slip of a name must not replace a file that is read: Error(usage) where one of the
/// outputs is one of the inputs under whatever name. Both are (what it is, path).
void keep_apart(const std::vector<std::pair<std::string, std::string>>& outputs,
                const std::vector<std::pair<std::string, std::string>>& inputs, const std::string& source);

/// Not collective: ranks may see it at different moments, so they must agree. True once SIGTERM, SIGINT or
/// SIGUSR1 came, or training.time_limit, counted from the start of the program, is over.
bool stop_requested();

/// "0.1.0 (v0.1.0-12-gabcdef)": the project's version and, where it was built from a checkout, git's
/// description.
std::string version();

}  // namespace podscale
