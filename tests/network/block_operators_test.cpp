// The passes of a transformer block on a CPU against Torch's operators in float64, and a whole
// network with them and without.
#include "block_operators.hpp"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <string>

#include "learnable_study.hpp"
#include "operator_comparison.hpp"
#include "podscale/network/denoiser.hpp"
#include "row_kernels.hpp"

namespace podscale {
namespace {

using namespace test;

constexpr double kEpsilon = 1e-6, kTolerance = 3e-6;

torch::Tensor modulated_by_torch(const torch::Tensor& x, const torch::Tensor& shift,
                                 const torch::Tensor& scale) {
  return torch::layer_norm(x, {x.size(-1)}, {}, {}, kEpsilon) * (scale.unsqueeze(1) + 1) + shift.unsqueeze(1);
}
torch::Tensor gated_by_torch(const Tensors& in) {
  return in[0] + in[1].unsqueeze(1) * (in.size() > 3 ? in[2] + in[3] : in[2]);
}

/// x and y: [B, P, W]; of each sample, or of all of them: [B or 1, W].
struct Inputs {
  std::int64_t samples, tokens, width, rows;
  std::string what;
  torch::Tensor values(std::uint32_t key) const { return normal_tensor({samples, tokens, width}, key) + 0.5; }
  torch::Tensor of_sample(std::uint32_t key) const { return normal_tensor({rows, width}, key); }
};

void for_sizes(const std::function<void(const Inputs&)>& check) {
  for (const std::int64_t tokens : {1, 7, 144})
    for (const std::int64_t width : {5, 20, 32, 128})
      for (const std::int64_t rows : {1, 3})
        check({3, tokens, width, rows,
               std::to_string(tokens) + " tokens, width " + std::to_string(width) + ", rows of " +
                   std::to_string(rows)});
}

TEST(Modulated, IsThatOfTorch) {
  for_sizes([](const Inputs& in) {
    expect_operator(
        in.what, [](const Tensors& t) { return Tensors{modulated(t[0], t[1], t[2], kEpsilon)}; },
        [](const Tensors& t) { return Tensors{modulated_by_torch(t[0], t[1], t[2])}; },
        {in.values(1), in.of_sample(2), in.of_sample(3)}, kTolerance);
  });
}

TEST(Modulated, TakesPartsOfRows) {
  const auto x = normal_tensor({3, 9, 20}, 1);
  expect_operator(
      "parts",
      [](const Tensors& t) {
        const auto parts = t[1].chunk(3, 1);
        return Tensors{modulated(t[0], parts[2], parts[1], kEpsilon)};
      },
      [](const Tensors& t) {
        const auto parts = t[1].chunk(3, 1);
        return Tensors{modulated_by_torch(t[0], parts[2], parts[1])};
      },
      {x, normal_tensor({3, 60}, 2)}, kTolerance);
}

TEST(Gated, IsThatOfTorch) {
  for_sizes([](const Inputs& in) {
    const Tensors inputs{in.values(1), in.of_sample(2), in.values(3), normal_tensor({in.width}, 4)};
    const auto reference = [](const Tensors& t) { return Tensors{gated_by_torch(t)}; };
    expect_operator(
        in.what, [](const Tensors& t) { return Tensors{gated(t[0], t[1], t[2], t[3])}; }, reference, inputs,
        kTolerance);
    expect_operator(
        in.what, [](const Tensors& t) { return Tensors{gated(t[0], t[1], t[2], {})}; }, reference,
        {inputs[0], inputs[1], inputs[2]}, kTolerance);
  });
}

TEST(GatedModulated, IsOneAfterTheOther) {
  for_sizes([](const Inputs& in) {
    expect_operator(
        in.what,
        [](const Tensors& t) {
          const auto [sum, out] = gated_modulated(t[0], t[1], t[2], t[3], t[4], t[5], kEpsilon);
          return Tensors{sum, out};
        },
        [](const Tensors& t) {
          const auto sum = gated_by_torch({t[0], t[1], t[2], t[3]});
          return Tensors{sum, modulated_by_torch(sum, t[4], t[5])};
        },
        {in.values(1), in.of_sample(2), in.values(3), normal_tensor({in.width}, 4), in.of_sample(5),
         in.of_sample(6)},
        kTolerance);
  });
}

TEST(BiasedGelu, IsThatOfTorch) {
  for_sizes([](const Inputs& in) {
    expect_operator(
        in.what, [](const Tensors& t) { return Tensors{biased_gelu(t[0], t[1])}; },
        [](const Tensors& t) { return Tensors{torch::gelu(t[0] + t[1])}; },
        {2 * in.values(1), normal_tensor({in.width}, 2)}, kTolerance);
  });
  // Everywhere, also where the error function is one.
  const auto x = torch::linspace(-12, 12, 24001, torch::kDouble).view({1, 24001, 1});
  auto leaf = x.to(torch::kFloat).clone().set_requires_grad(true);
  const auto y = biased_gelu(leaf, torch::zeros({1}));
  y.sum().backward();
  const auto exact = leaf.detach().to(torch::kDouble).set_requires_grad(true), expected = torch::gelu(exact);
  expected.sum().backward();
  EXPECT_LT(((y - expected).abs() / x.abs().clamp_min(1)).max().item<double>(), 3e-7);
  EXPECT_LT((leaf.grad() - exact.grad()).abs().max().item<double>(), 6e-7);
  const float infinity = std::numeric_limits<float>::infinity();
  const auto ends = biased_gelu(torch::tensor({infinity, std::nanf("")}).view({1, 2, 1}), torch::zeros({1}));
  EXPECT_EQ(ends[0][0].item<float>(), infinity);
  EXPECT_TRUE(std::isnan(ends[0][1].item<float>()));
}

/// The same bits on any processor: what runs here against what runs everywhere.
TEST(RowKernels, AreTheSameOnAnyProcessor) {
  for (const long width : {1, 5, 8, 20, 128}) {
    constexpr long rows = 7;
    const auto values = [&](std::uint32_t key) {
      return normal_tensor({rows, width}, key).to(torch::kFloat);
    };
    const auto all_of = [&](const RowKernels& k) {
      Tensors made;
      const auto room = [&](long count) {
        made.push_back(torch::zeros({count}));
        return made.back().data_ptr<float>();
      };
      const auto x = values(1), y = values(2), a = values(3), b = values(4), c = values(5);
      const auto at = [](const torch::Tensor& t) { return t.data_ptr<float>(); };
      float* const moments = room(2 * rows);
      k.modulated(rows, width, at(x), at(a), at(b), 1e-6f, room(rows * width), moments);
      k.modulated_gradient(rows, width, at(y), at(x), at(b), moments, at(c), room(rows * width), room(width),
                           room(width));
      k.gated(rows, width, at(x), at(a), at(y), at(b), room(rows * width));
      k.gated_gradient(rows, width, at(x), at(a), at(y), at(b), room(rows * width), room(width), room(width));
      float* const slope = room(rows * width);
      k.gelu(rows, width, at(x), at(a), room(rows * width), slope);
      k.gelu_gradient(rows, width, at(y), slope, room(rows * width), room(width));
      k.biased(rows, width, at(x), width, at(a), 0.3f, room(rows * width));
      float *const scores = room(rows * width), *const inverse = room(rows);
      std::copy_n(at(y), rows * width, scores);
      k.exponentials(rows, width, scores, at(a), inverse);
      float* const dots = room(rows);
      k.scaled_dots(rows, width, at(y), at(x), width, inverse, room(rows * width), dots);
      k.score_gradient(rows, width, scores, dots, at(c));
      k.scale(rows, width, inverse, at(b), width);
      k.sum_rows(rows, width, at(x), width, room(width));
      made.insert(made.end(), {c, b});
      return made;
    };
    const auto here = all_of(row_kernels()), anywhere = all_of(plain_row_kernels());
    for (std::size_t i = 0; i < here.size(); ++i)
      EXPECT_TRUE(torch::equal(here[i], anywhere[i])) << i << ", " << width;
  }
}

/// Prediction, and the gradients of all weights.
Tensors pass(Denoiser& network, torch::ScalarType type, const TokenView& view) {
  network.to(type);
  TokenView tokens = view;
  for (auto* const part : {&tokens.active, &tokens.position, &tokens.absent})
    if (part->defined()) *part = part->to(type);
  const auto p = tokens.active.size(-2), k = tokens.active.size(-1);
  const auto value = [&](std::uint32_t key, std::int64_t last) {
    return normal_tensor({3, p, last}, key).to(type);
  };
  torch::manual_seed(4);
  network.zero_grad();
  const auto y = network.forward(value(1, k), value(2, 2), torch::linspace(0.2, 1.4, 3, type),
                                 torch::linspace(0, 0.7, 3, type), tokens);
  (y * value(3, k)).sum().backward();
  Tensors all{y.detach().clone()};
  for (const auto& parameter : network.parameters())
    if (parameter.grad().defined()) all.push_back(parameter.grad().clone());
  return all;
}

void expect_same_network(double dropout, bool masked) {
  const TokenLayout layout = small_layout(37);
  ModelOptions options = small_model();
  options.width = 48, options.dropout = dropout;
  Denoiser network(layout, options);
  {
    torch::NoGradGuard no_grad;
    std::uint32_t key = 100;
    for (auto& parameter : network.parameters())
      parameter.copy_(0.15 * normal_tensor(parameter.sizes().vec(), key++));
  }
  network.train();
  TokenView view = network.all();
  if (masked) {
    view.absent = torch::zeros({3, 1, 1, 37});
    view.absent[1].narrow(2, 20, 17).fill_(-std::numeric_limits<float>::infinity());
  }
  const auto fast = pass(network, torch::kFloat, view);
  const auto plain = [&](torch::ScalarType type) {
    const PlainOperators none;
    return pass(network, type, view);
  };
  const auto single = plain(torch::kFloat);
  expect_close(fast, single, 1e-5, "float32");
  if (dropout > 0) return;
  // The sines of the diffusion time alone are wrong by 1e-5 in float32: no further away than Torch
  // is.
  const auto exact = plain(torch::kDouble);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const auto error = [&](const torch::Tensor& t) { return (t - exact[i]).abs().max().item<double>(); };
    EXPECT_LT(error(fast[i]), 1.5 * error(single[i]) + 1e-6 * exact[i].abs().max().item<double>()) << i;
  }
}

TEST(Denoiser, IsTheSameWithTheOperatorsOfTheCpu) {
  expect_same_network(0, false);
  expect_same_network(0, true);
}

TEST(Denoiser, DropsTheSameValuesWithTheOperatorsOfTheCpu) {
  expect_same_network(0.3, false);
}

}  // namespace
}  // namespace podscale
