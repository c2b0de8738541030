#pragma once
// Settings of the whole process.

namespace podscale {

/// Not collective. Threads of OpenBLAS; another BLAS has no such switch and is left alone. Ranks are our
/// parallelism: more threads than cores halve the speed.
void set_blas_threads(int threads);
/// Not collective. OpenBLAS asks for its buffer at its first call, for ever where it gets none: this calls
/// it, and throws std::bad_alloc where there is no room.
void reserve_blas_memory();

}  // namespace podscale
