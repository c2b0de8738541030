#pragma once
// Loops that the compiler vectorises, for processors beyond the one that all x86-64 have.

/// Before a function that is no template: compiled for AVX2, too, and chosen when the program starts.
/// Without fused multiply-add, whose rounding differs: the same bits on every processor.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define PODSCALE_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define PODSCALE_VECTOR_CLONES
#endif
