#pragma once
// What a run works with: its ranks, its options, its folder.

#include <string>
#include <utility>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/parallel/communicator.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

/// What the body of a program works with. Lives as long as run_program's body; owns a duplicate of
/// MPI_COMM_WORLD.
struct Context {
  Communicator comm;
  Namelist namelist;
  StudyOptions options = {};       ///< what it says
  bool check = false;              ///< --check: validate namelist and inputs, touch nothing
  std::vector<std::string> files;  ///< positional files of a program with takes_files
  bool force = false;              ///< --force: work even where the outputs are finished

  /// Collective. Before the work: makes output.directory, and takes the right to write the files,
  /// by path, for as long as the result lives, so that another run of the same study is refused at
  /// once and not at its end. Nothing under --check. Errors: io.
  [[nodiscard]] std::vector<OutputLock> claim(const std::vector<std::string>& outputs) const;
};

/// Not collective. The files that the keys of a namelist name as inputs, globs resolved: (key,
/// path).
std::vector<std::pair<std::string, std::string>> input_files(const Namelist& namelist);

/// Not collective. A slip of a name must not replace a file that is read: Error(usage) where one
/// of the outputs is one of the inputs under whatever name. Both are (what it is, path).
void keep_apart(const std::vector<std::pair<std::string, std::string>>& outputs,
                const std::vector<std::pair<std::string, std::string>>& inputs, const std::string& source);

}  // namespace podscale
