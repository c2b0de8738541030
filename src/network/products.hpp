#pragma once
// Matrix products of float32 values too small for a tensor each, and loops over pieces of a batch
// that hold such products.

#include <cstdint>
#include <functional>

namespace podscale {

/// A matrix in memory, row by row, `stride` values apart; `transposed`: what is meant is its
/// transpose.
struct Operand {
  const float* at;
  std::int64_t stride;
  bool transposed = false;
};

/// Not collective. c [m][n], rows `stride` values apart, = factor * a [m][k] * b [k][n] + keep *
/// c, where keep is 0 or 1. By the BLAS of the program, where there is one by name, else by Torch.
void product(std::int64_t m, std::int64_t n, std::int64_t k, float factor, const Operand& a, const Operand& b,
             float keep, float* c, std::int64_t stride);
/// The same by Torch, whatever BLAS it holds.
void product_by_torch(std::int64_t m, std::int64_t n, std::int64_t k, float factor, const Operand& a,
                      const Operand& b, float keep, float* c, std::int64_t stride);

/// Not collective. work(0) .. work(count - 1) in any order, which may call product(): by the
/// threads of the host, with one thread for each product, where the BLAS can be told so; else one
/// by one. `values`: how many are touched in all.
void for_pieces(std::int64_t count, std::int64_t values, const std::function<void(std::int64_t)>& work);

}  // namespace podscale
