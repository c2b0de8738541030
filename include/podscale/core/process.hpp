#pragma once
// Settings of the whole process.

namespace podscale {

/// Not collective. Threads of OpenBLAS; another BLAS has no such switch and is left alone. Ranks are our
/// parallelism: more threads than cores halve the speed.
void set_blas_threads(int threads);

}  // namespace podscale
