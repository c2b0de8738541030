#include "podscale/core/process.hpp"

#include <dlfcn.h>

namespace podscale {

void set_blas_threads(int threads) {
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(symbol)(threads);
}

}  // namespace podscale
