#pragma once
// Settings of the whole process.

namespace podscale {

/// Not collective. Threads of OpenBLAS; another BLAS has no such switch and is left alone. Ranks are our
/// parallelism: more threads than cores halve the speed.
void set_blas_threads(int threads);

/// Not collective. Memory that is freed goes back to the system, large blocks at once. SuperLU_DIST, which
/// comes with PETSc, forbids that of the whole process while it is loaded.
void return_freed_memory();

}  // namespace podscale
