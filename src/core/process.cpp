#include "podscale/core/process.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <mpi.h>
#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

#include "podscale/core/lapack.hpp"

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

void reserve_blas_memory() {
  constexpr std::size_t twice_its_buffer = 256 << 20;
  void* const room =
      mmap(nullptr, twice_its_buffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  munmap(room, twice_its_buffer);
  const int one = 1;
  double matrix = 1;
  int info = 0;
  dpotrf_("L", &one, &matrix, &one, &info);
}

void return_freed_memory() {
  mallopt(M_MMAP_MAX, 65536);  // glibc's own value
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

char process_state(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto end = text.rfind(')');  // of the name, which may hold brackets
  return end == std::string::npos || end + 2 >= text.size() ? '\0' : text[end + 2];
}

bool process_has_ended(int process) {
  if (kill(process, 0) != 0) return errno == ESRCH;
  const char state = process_state(process);
  return state == 'Z' || state == 'X';
}

}  // namespace podscale
