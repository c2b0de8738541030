#include "attention.hpp"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "products.hpp"
#include "row_kernels.hpp"

namespace podscale {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr long kScores = 3 << 14;  // of a block of queries: what the second cache holds with its operands

struct Sizes {
  long samples, tokens, width, heads, head;
  Sizes(const torch::Tensor& qkv, std::int64_t heads)
      : samples(qkv.size(0)),
        tokens(qkv.size(1)),
        width(qkv.size(2) / 3),
        heads(heads),
        head(width / heads) {}
  long queries() const { return std::clamp(kScores / std::max(tokens, 1L), 16L, tokens < 16 ? 16L : tokens); }
};

/// Working memory of a thread, kept for the next piece.
float* scratch(long values) {
  thread_local std::vector<float> memory;
  if (static_cast<long>(memory.size()) < values) memory.resize(static_cast<std::size_t>(values));
  return memory.data();
}

/// Queries, scaled, keys and values of a sample and a head, with their bias: [P][D] each, one
/// after another.
void gather(const Sizes& s, const float* qkv, const float* bias, long sample, long head, float* to) {
  const float factor = static_cast<float>(1 / std::sqrt(static_cast<double>(s.head)));
  for (long part = 0; part < 3; ++part) {
    const long column = part * s.width + head * s.head;
    row_kernels().biased(s.tokens, s.head, qkv + sample * s.tokens * 3 * s.width + column, 3 * s.width,
                         bias + column, part == 0 ? factor : 1.0f, to + part * s.tokens * s.head);
  }
}

const float* absent_of(const torch::Tensor& absent, long sample) {
  if (!absent.defined() || absent.numel() == 0) return nullptr;
  return absent.data_ptr<float>() + (absent.size(0) > 1 ? sample * absent.size(3) : 0);
}

/// mixed: [B, P, W]. Keeps exponentials [B, heads, P, P] and 1 / their sums [B, heads, P], where
/// defined.
void mix(const torch::Tensor& qkv, const torch::Tensor& bias, const Sizes& s, const torch::Tensor& absent,
         torch::Tensor& mixed, torch::Tensor& exponentials, torch::Tensor& inverse) {
  const float *const from = qkv.data_ptr<float>(), *const added = bias.data_ptr<float>();
  float *const to = mixed.data_ptr<float>(),
               *const kept = exponentials.defined() ? exponentials.data_ptr<float>() : nullptr,
               *const sums = inverse.defined() ? inverse.data_ptr<float>() : nullptr;
  const long block = s.queries(), each = s.tokens * s.head;
  for_pieces(s.samples * s.heads, s.samples * s.heads * s.tokens * s.tokens, [&](std::int64_t pair) {
    const long sample = pair / s.heads, head = pair % s.heads;
    float* const queries = scratch(3 * each + (block + 1) * s.tokens);
    const float *const keys = queries + each, *const values = keys + each;
    gather(s, from, added, sample, head, queries);
    float* const own_scores = queries + 3 * each;
    float* const factors = sums ? sums + pair * s.tokens : own_scores + block * s.tokens;
    float* const out = to + sample * s.tokens * s.width + head * s.head;
    for (long p = 0; p < s.tokens; p += block) {
      const long n = std::min(block, s.tokens - p);
      float* const scores = kept ? kept + (pair * s.tokens + p) * s.tokens : own_scores;
      product(n, s.tokens, s.head, 1, {queries + p * s.head, s.head}, {keys, s.head, true}, 0, scores,
              s.tokens);
      row_kernels().exponentials(n, s.tokens, scores, absent_of(absent, sample), factors + p);
      product(n, s.head, s.tokens, 1, {scores, s.tokens}, {values, s.head}, 0, out + p * s.width, s.width);
      row_kernels().scale(n, s.head, factors + p, out + p * s.width, s.width);
    }
  });
}

class Attention : public torch::autograd::Function<Attention> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& qkv, const torch::Tensor& bias,
                               std::int64_t heads, const torch::Tensor& absent) {
    const Sizes s(qkv, heads);
    auto mixed = torch::empty({s.samples, s.tokens, s.width}, qkv.options());
    auto exponentials = torch::empty({s.samples, heads, s.tokens, s.tokens}, qkv.options()),
         inverse = torch::empty({s.samples, heads, s.tokens}, qkv.options());
    mix(qkv, bias, s, absent, mixed, exponentials, inverse);
    context->save_for_backward({qkv, bias, mixed, exponentials, inverse});
    context->saved_data["heads"] = heads;
    return mixed;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &qkv = saved[0], &bias = saved[1];
    const Sizes s(qkv, context->saved_data["heads"].toInt());
    const auto dmixed = gradients[0].contiguous();
    auto dqkv = torch::empty_like(qkv), sums = torch::zeros({s.samples, 3 * s.width}, qkv.options()),
         dbias = torch::zeros({3 * s.width}, qkv.options());
    const Pointers at{qkv.data_ptr<float>(),      bias.data_ptr<float>(),     saved[2].data_ptr<float>(),
                      saved[3].data_ptr<float>(), saved[4].data_ptr<float>(), dmixed.data_ptr<float>(),
                      dqkv.data_ptr<float>(),     sums.data_ptr<float>()};
    for_pieces(s.samples * s.heads, s.samples * s.heads * s.tokens * s.tokens,
               [&](std::int64_t pair) { gradient_of(s, at, pair / s.heads, pair % s.heads); });
    row_kernels().sum_rows(s.samples, 3 * s.width, at.sums, 3 * s.width, dbias.data_ptr<float>());
    return {dqkv, dbias, {}, {}};
  }

 private:
  struct Pointers {
    const float *qkv, *bias, *mixed, *exponentials, *inverse, *dmixed;
    float *dqkv, *sums;
  };

  static void gradient_of(const Sizes& s, const Pointers& at, long sample, long head) {
    const long block = s.queries(), each = s.tokens * s.head, row = 3 * s.width,
               pair = sample * s.heads + head;
    // The probabilities are e / sum: what they are multiplied by is divided by the sum instead.
    float* const queries = scratch(4 * each + (block + 1) * s.tokens);
    const float *const keys = queries + each, *const values = keys + each;
    float *const scaled = queries + 3 * each, *const dots = scaled + each, *const d = dots + s.tokens;
    gather(s, at.qkv, at.bias, sample, head, queries);
    const long in_mixed = sample * s.tokens * s.width + head * s.head;
    row_kernels().scaled_dots(s.tokens, s.head, at.dmixed + in_mixed, at.mixed + in_mixed, s.width,
                              at.inverse + pair * s.tokens, scaled, dots);
    float *const dqueries = at.dqkv + sample * s.tokens * row + head * s.head,
                 *const dkeys = dqueries + s.width, *const dvalues = dkeys + s.width;
    const float factor = static_cast<float>(1 / std::sqrt(static_cast<double>(s.head)));
    for (long p = 0; p < s.tokens; p += block) {
      const long n = std::min(block, s.tokens - p);
      const float keep = p > 0 ? 1.0f : 0.0f;
      const float* const e = at.exponentials + (pair * s.tokens + p) * s.tokens;
      const Operand mine{scaled + p * s.head, s.head};
      product(s.tokens, s.head, n, 1, {e, s.tokens, true}, mine, keep, dvalues, row);
      product(n, s.tokens, s.head, 1, mine, {values, s.head, true}, 0, d, s.tokens);
      row_kernels().score_gradient(n, s.tokens, e, dots + p, d);
      product(n, s.head, s.tokens, factor, {d, s.tokens}, {keys, s.head}, 0, dqueries + p * row, row);
      product(s.tokens, s.head, n, 1, {d, s.tokens, true}, {queries + p * s.head, s.head}, keep, dkeys, row);
    }
    for (long part = 0; part < 3; ++part)
      row_kernels().sum_rows(s.tokens, s.head, dqueries + part * s.width, row,
                             at.sums + sample * row + part * s.width + head * s.head);
  }
};

}  // namespace

torch::Tensor cpu_attention(const torch::Tensor& qkv, const torch::Tensor& bias, std::int64_t heads,
                            const torch::Tensor& absent) {
  if (torch::GradMode::is_enabled() && (qkv.requires_grad() || bias.requires_grad()))
    return Attention::apply(qkv, bias, heads, absent.defined() ? absent : torch::empty({0}));
  const Sizes s(qkv, heads);
  auto mixed = torch::empty({s.samples, s.tokens, s.width}, qkv.options().requires_grad(false));
  torch::Tensor none;
  mix(qkv, bias, s, absent, mixed, none, none);
  return mixed;
}

}  // namespace podscale
