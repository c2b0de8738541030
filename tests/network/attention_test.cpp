// Attention on a CPU against Torch's operators in float64.
#include "attention.hpp"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <string>

#include "operator_comparison.hpp"
#include "products.hpp"

namespace podscale {
namespace {

using namespace test;

Tensors by_torch(const Tensors& in, std::int64_t heads, const torch::Tensor& absent) {
  const auto b = in[0].size(0), p = in[0].size(1), w = in[0].size(2) / 3;
  const auto qkv = (in[0] + in[1]).view({b, p, 3, heads, w / heads}).permute({2, 0, 3, 1, 4});
  auto scores = torch::matmul(qkv[0], qkv[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(w / heads));
  if (absent.defined()) scores = scores + absent.to(scores.scalar_type());
  return {torch::matmul(torch::softmax(scores, -1), qkv[2]).transpose(1, 2).reshape({b, p, w})};
}

void compare(std::int64_t samples, std::int64_t tokens, std::int64_t heads, std::int64_t head,
             const torch::Tensor& absent, double size = 1) {
  const std::string what = std::to_string(samples) + " samples of " + std::to_string(tokens) + " tokens, " +
                           std::to_string(heads) + " heads of " + std::to_string(head);
  expect_operator(
      what, [&](const Tensors& in) { return Tensors{cpu_attention(in[0], in[1], heads, absent)}; },
      [&](const Tensors& in) { return by_torch(in, heads, absent); },
      {size * normal_tensor({samples, tokens, 3 * heads * head}, 1), normal_tensor({3 * heads * head}, 2)},
      3e-6 * size);
}

/// 0, or minus infinity for the last tokens of each sample: more of them in later ones.
torch::Tensor mask(std::int64_t samples, std::int64_t tokens, std::int64_t of_each) {
  auto absent = torch::zeros({samples, 1, 1, tokens});
  for (std::int64_t b = 0; b < samples; ++b)
    absent[b].narrow(2, tokens - b * of_each, b * of_each).fill_(-std::numeric_limits<float>::infinity());
  return absent;
}

TEST(Attention, IsThatOfTorch) {
  for (const std::int64_t tokens : {1, 7, 16, 144})
    for (const std::int64_t head : {8, 20, 24, 32}) compare(2, tokens, 3, head, {});
  compare(1, 1000, 1, 16, {});  // queries in several blocks
}

TEST(Attention, DoesNotSeeAbsentTokens) {
  compare(3, 7, 2, 8, mask(3, 7, 3));
  compare(3, 144, 2, 20, mask(3, 144, 50));
  compare(3, 144, 4, 32, mask(3, 144, 1).narrow(0, 2, 1));  // one mask for all
  auto qkv = normal_tensor({2, 9, 3 * 16}, 1).to(torch::kFloat);
  const auto bias = torch::zeros({3 * 16}), absent = mask(2, 9, 4);
  const auto before = cpu_attention(qkv, bias, 2, absent);
  qkv[1].narrow(0, 5, 4).narrow(1, 16, 32).fill_(1e3f);
  EXPECT_TRUE(torch::equal(cpu_attention(qkv, bias, 2, absent), before));
}

TEST(Attention, BearsLargeScores) {
  compare(2, 50, 2, 16, {}, 10);
  const auto mixed =
      cpu_attention(1e4 * normal_tensor({1, 20, 3 * 16}, 1).to(torch::kFloat), torch::zeros({3 * 16}), 2, {});
  EXPECT_TRUE(mixed.isfinite().all().item<bool>());
}

TEST(Attention, HidesNoNaN) {
  auto qkv = normal_tensor({2, 20, 3 * 16}, 1).to(torch::kFloat);
  qkv[0][3][5] = std::numeric_limits<float>::quiet_NaN();  // a query of the first head
  const auto mixed = cpu_attention(qkv, torch::zeros({3 * 16}), 2, {});
  EXPECT_EQ(mixed.isnan().sum().item<int>(), 8);
  EXPECT_TRUE(mixed[0][3].narrow(0, 0, 8).isnan().all().item<bool>());
}

TEST(Product, IsThatOfTorchHoweverItIsCalled) {
  const std::int64_t m = 5, n = 7, k = 9;
  for (const bool first : {false, true})
    for (const bool second : {false, true})
      for (const float keep : {0.0f, 1.0f}) {
        const auto
            a = normal_tensor(first ? std::vector{k, m + 2} : std::vector{m, k + 2}, 1).to(torch::kFloat),
            b = normal_tensor(second ? std::vector{n, k + 1} : std::vector{k, n + 1}, 2).to(torch::kFloat),
            before = normal_tensor({m, n + 3}, 3).to(torch::kFloat);
        const auto of_a = first ? a.narrow(1, 0, m).t() : a.narrow(1, 0, k),
                   of_b = second ? b.narrow(1, 0, k).t() : b.narrow(1, 0, n);
        auto expected = before.clone();
        expected.narrow(1, 0, n).mul_(keep).add_(torch::matmul(of_a, of_b), 0.5);
        for (const auto by : {product, product_by_torch}) {
          auto c = before.clone();
          by(m, n, k, 0.5f, {a.data_ptr<float>(), a.size(1), first}, {b.data_ptr<float>(), b.size(1), second},
             keep, c.data_ptr<float>(), n + 3);
          expect_close({c}, {expected}, 1e-6);
        }
      }
}

}  // namespace
}  // namespace podscale
