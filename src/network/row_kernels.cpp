#include "row_kernels.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PODSCALE_AVX2_KERNELS
#endif

// Functions that return vectors are all inlined: there is no call whose convention could differ.
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace podscale {
#ifdef PODSCALE_AVX2_KERNELS
// Not by target_clones: what a clone inlines is lowered to narrower vectors before.
#pragma GCC push_options
#pragma GCC target("avx2")
namespace {
namespace avx2 {
#include "row_kernels_body.hpp"
}
}  // namespace
#pragma GCC pop_options
#endif
namespace {
namespace any {
#include "row_kernels_body.hpp"
}
}  // namespace

const RowKernels& plain_row_kernels() {
  return any::kKernels;
}

const RowKernels& row_kernels() {
#ifdef PODSCALE_AVX2_KERNELS
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return avx2::kKernels;
#endif
  return any::kKernels;
}

}  // namespace podscale
