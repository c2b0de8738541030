#pragma once
// PETSc's own options: what stands behind "--" on the command line of a program.

#include <string>
#include <vector>

#include "program.hpp"

namespace podscale {

/// Not collective, before MPI. Takes what is behind a "--" off the arguments: argc is lowered.
/// Programs that take files have none, as "--" there says that only files follow.
std::vector<std::string> take_petsc_options(int& argc, char** argv, const ProgramInfo& info);

/// Collective. PETSc and SLEPc, with these options and no others but those of the environment
/// (PETSC_OPTIONS): no .petscrc changes our numbers. Their stages have the names of ours.
void start_petsc(const std::vector<std::string>& options);

/// Rank 0 speaks. Warns of options that nothing has asked for: a slip of a name.
void warn_of_unused_options(const std::vector<std::string>& options);

}  // namespace podscale
