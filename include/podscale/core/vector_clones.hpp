#pragma once
// Loops that the compiler vectorises, for processors beyond the one that all x86-64 have.

#include <cstring>

/// Before a function that is no template: compiled for AVX2, too, and chosen when the program
/// starts. Without fused multiply-add, whose rounding differs: the same bits on every processor.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define PODSCALE_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define PODSCALE_VECTOR_CLONES
#endif

namespace podscale {

/// Eight floats or four doubles, for sums that the compiler by itself keeps in memory. Fixed
/// sizes: the same order of adding up on every processor, whatever it makes of them.
typedef float FloatLanes __attribute__((vector_size(32)));
typedef double DoubleLanes __attribute__((vector_size(32)));

template <class Lanes, class T>
[[gnu::always_inline]] inline void load(Lanes& lanes, const T* from) {
  std::memcpy(&lanes, from, sizeof lanes);
}
template <class Lanes, class T>
[[gnu::always_inline]] inline void store(const Lanes& lanes, T* to) {
  std::memcpy(to, &lanes, sizeof lanes);
}

}  // namespace podscale
