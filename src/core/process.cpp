#include "podscale/core/process.hpp"

#include <dlfcn.h>
#include <malloc.h>

namespace podscale {

void set_blas_threads(int threads) {
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(symbol)(threads);
}

void return_freed_memory() {
  mallopt(M_MMAP_MAX, 65536);  // glibc's own value
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

}  // namespace podscale
