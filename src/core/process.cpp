#include "podscale/core/process.hpp"

#include <dlfcn.h>
#include <mpi.h>

#include <cstdlib>

namespace podscale {

std::string mpi_io_component(const std::string& library_version) {
  return library_version.starts_with("Open MPI v4.") ? "romio321" : "";
}

void choose_mpi_io() {
  char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(library, &length);  // one of the few calls that are legal before MPI_Init
  if (const std::string component = mpi_io_component(library); !component.empty())
    setenv("OMPI_MCA_io", component.c_str(), 0);
}

void set_blas_threads(int threads) {
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(symbol)(threads);
}

}  // namespace podscale
