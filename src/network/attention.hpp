#pragma once
// Attention of a transformer block on a CPU, in float32: a sample and a head at a time, so that
// their scores stay in the cache. Internal to the layer and its tests: includes Torch.

#include <torch/types.h>

#include <cstdint>

namespace podscale {

/// Not collective. qkv: [B, P, 3 W], contiguous, float32 on the CPU: queries, keys and values, W =
/// heads * D each, without their bias [3 W]. absent: [B or 1, 1, 1, P], added to the scores of
/// every query, see TokenView; may be undefined. Values mixed with softmax(queries keys' / sqrt(D)
/// + absent): [B, P, W]. The gradient keeps the exponentials of scores, [B, heads, P, P].
torch::Tensor cpu_attention(const torch::Tensor& qkv, const torch::Tensor& bias, std::int64_t heads,
                            const torch::Tensor& absent);

}  // namespace podscale
