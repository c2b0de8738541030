#include "petsc_options.hpp"

#include <slepcsys.h>

#include <algorithm>
#include <cstring>

#include "podscale/core/log.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/stage.hpp"

namespace podscale {

std::vector<std::string> take_petsc_options(int& argc, char** argv, const ProgramInfo& info) {
  if (info.takes_files) return {};
  char** const end = argv + argc;
  char** const dashes = std::find_if(argv + std::min(argc, 1), end,
                                     [](const char* word) { return std::strcmp(word, "--") == 0; });
  if (dashes == end) return {};
  argc = static_cast<int>(dashes - argv);
  return {dashes + 1, end};
}

void start_petsc(const std::vector<std::string>& options) {
  // Kept: PETSc refers to them until it ends.
  static std::vector<std::string> words{"podscale", "-skip_petscrc", "-no_signal_handler"};
  words.insert(words.end(), options.begin(), options.end());
  static std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  char** arguments = pointers.data();
  PODSCALE_PETSC(SlepcInitialize(&count, &arguments, nullptr, nullptr));
  PODSCALE_PETSC(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  name_petsc_stages();
}

void warn_of_unused_options(const std::vector<std::string>& options) {
  PetscInt count = 0;
  char **names = nullptr, **values = nullptr;
  PODSCALE_PETSC(PetscOptionsLeftGet(nullptr, &count, &names, &values));
  for (PetscInt i = 0; i < count; ++i)
    if (const std::string name = std::string("-") + names[i];
        std::find(options.begin(), options.end(), name) != options.end() &&
        !name.starts_with("-log_view"))  // asked for at the very end
      log::warn("{}: nothing in this run asks PETSc for an option of that name", name);
  PODSCALE_PETSC(PetscOptionsLeftRestore(nullptr, &count, &names, &values));
}

}  // namespace podscale
