// The network: attention against a hand-written loop, gradients against finite differences, what a
// new network predicts.
#include "podscale/network/denoiser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "learnable_study.hpp"
#include "operator_comparison.hpp"
#include "parameters.hpp"

namespace podscale {
namespace {

using test::normal_tensor;
using test::small_layout;

/// Gives every parameter a value, the zero-initialised ones too, so that no path through the
/// network is shut.
void randomise(torch::nn::Module& module, double scale) {
  torch::NoGradGuard no_grad;
  module.to(torch::kDouble);
  std::uint32_t key = 100;
  for (auto& parameter : module.parameters())
    parameter.copy_(normal_tensor(parameter.sizes().vec(), key++) * scale);
}

struct Inputs {
  torch::Tensor x, condition, angle, phase;
};
Inputs inputs(const TokenLayout& layout, std::int64_t batch) {
  return {normal_tensor({batch, layout.tokens, layout.modes}, 1),
          normal_tensor({batch, layout.tokens, layout.condition}, 2),
          torch::linspace(0.2, 1.4, batch, torch::kDouble), torch::linspace(0, 0.7, batch, torch::kDouble)};
}

TEST(Block, IsTheHandWrittenLoop) {
  constexpr int B = 2, P = 3, W = 4, H = 2, D = W / H;
  BlockImpl block(W, H, 0);
  randomise(block, 0.5);
  const auto x = normal_tensor({B, P, W}, 1), e = normal_tensor({B, W}, 2);
  const auto parameters = block.named_parameters();
  const auto linear = [&](const std::string& name, const std::vector<double>& in) {
    const auto w = parameters[name + ".weight"].detach().contiguous(),
               b = parameters[name + ".bias"].detach().contiguous();
    std::vector<double> out(w.size(0));
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = b.data_ptr<double>()[i];
      for (std::size_t j = 0; j < in.size(); ++j) out[i] += w.data_ptr<double>()[i * in.size() + j] * in[j];
    }
    return out;
  };
  const auto normalised = [](const std::vector<double>& v) {
    double mean = 0, variance = 0;
    for (const double a : v) mean += a / W;
    for (const double a : v) variance += (a - mean) * (a - mean) / W;
    std::vector<double> out;
    for (const double a : v) out.push_back((a - mean) / std::sqrt(variance + 1e-6));
    return out;
  };
  const auto y = block.forward(x, e).detach().contiguous();
  for (int b = 0; b < B; ++b) {
    const auto m = linear("modulation", {e.data_ptr<double>() + b * W, e.data_ptr<double>() + (b + 1) * W});
    const auto modulated = [&](const std::vector<double>& v, std::size_t first) {
      auto out = normalised(v);
      for (std::size_t i = 0; i < W; ++i) out[i] = out[i] * (1 + m[(first + 1) * W + i]) + m[first * W + i];
      return out;
    };
    std::vector<std::vector<double>> token, qkv;
    for (int p = 0; p < P; ++p) {
      const double* row = x.data_ptr<double>() + (b * P + p) * W;
      token.emplace_back(row, row + W);
      qkv.push_back(linear("qkv", modulated(token.back(), 0)));
    }
    for (std::size_t p = 0; p < P; ++p) {
      std::vector<double> mixed(W, 0.0);
      for (std::size_t h = 0; h < H; ++h) {
        double weight[P], total = 0;
        for (std::size_t q = 0; q < P; ++q) {
          double dot = 0;
          for (std::size_t d = 0; d < D; ++d) dot += qkv[p][h * D + d] * qkv[q][W + h * D + d];
          total += weight[q] = std::exp(dot / std::sqrt(double{D}));
        }
        for (std::size_t q = 0; q < P; ++q)
          for (std::size_t d = 0; d < D; ++d)
            mixed[h * D + d] += weight[q] / total * qkv[q][2 * W + h * D + d];
      }
      const auto projected = linear("project", mixed);
      std::vector<double> out = token[p];
      for (std::size_t i = 0; i < W; ++i) out[i] += m[2 * W + i] * projected[i];
      auto hidden = linear("up", modulated(out, 3));
      for (double& value : hidden) value = 0.5 * value * (1 + std::erf(value / std::sqrt(2.0)));
      const auto down = linear("down", hidden);
      for (std::size_t i = 0; i < W; ++i) {
        out[i] += m[5 * W + i] * down[i];
        EXPECT_NEAR(y.data_ptr<double>()[(static_cast<std::size_t>(b) * P + p) * W + i], out[i], 1e-10);
      }
    }
  }
}

TEST(Denoiser, GradientIsThatOfFiniteDifferences) {
  const TokenLayout layout = small_layout(3);
  ModelOptions options = test::small_model();
  options.width = 8;
  Denoiser network(layout, options);
  randomise(network, 0.3);
  FlatParameters flat(network, true);
  const Inputs in = inputs(layout, 2);
  const auto target = normal_tensor({2, layout.tokens, layout.modes}, 3);
  const auto loss = [&] {
    // Both outputs: the prediction, and the likelihood of the head.
    const auto head = network.head(in.condition, in.phase);
    return (network.forward(in.x, in.condition, in.angle, in.phase) - target).square().mean() +
           (head.log_variance + (head.mean - target).square() * torch::exp(-head.log_variance)).mean();
  };
  flat.gradient.zero_();
  loss().backward();
  for (const NamedSlice& slice : flat.slices) {
    auto size = flat.gradient.narrow(0, slice.offset, slice.size).abs();
    // The softmax cancels what a bias adds to all keys: rounding alone is left of its gradient.
    if (slice.name.ends_with("qkv.bias")) size = torch::cat({size.chunk(3)[0], size.chunk(3)[2]});
    EXPECT_GT(size.min().item<double>(), 0) << slice.name << ": a parameter without influence";
  }
  torch::NoGradGuard no_grad;
  constexpr double h = 1e-5;
  for (std::uint32_t direction = 0; direction < 8; ++direction) {
    const auto d = normal_tensor({flat.values.numel()}, 1000 + direction);
    flat.values.add_(d, h);
    const double above = loss().item<double>();
    flat.values.sub_(d, 2 * h);
    const double below = loss().item<double>();
    flat.values.add_(d, h);
    const double expected = (flat.gradient * d).sum().item<double>();
    EXPECT_NEAR((above - below) / (2 * h), expected, 1e-6 * std::max(1.0, std::abs(expected)));
  }
}

TEST(Denoiser, UntrainedPredictsExactlyZero) {
  const TokenLayout layout = small_layout();
  Denoiser network(layout, test::small_model());
  network.initialise(1);
  const Inputs in = inputs(layout, 3);
  const auto y = network.forward(in.x.to(torch::kFloat), in.condition.to(torch::kFloat),
                                 in.angle.to(torch::kFloat), in.phase.to(torch::kFloat));
  EXPECT_EQ(y.abs().max().item<float>(), 0.0f);
}

TEST(Denoiser, TheAgeOfAnAnalysisModulatesAllTokens) {
  TokenLayout layout = small_layout();
  const auto of = [&](int age, double scale, double first) {
    layout.age = age;
    Denoiser network(layout, test::small_model());
    network.initialise(1);
    if (scale > 0) randomise(network, scale);
    network.to(torch::kDouble);
    Inputs in = inputs(layout, 2);
    in.condition.select(-1, 1).fill_(first);
    in.x.select(1, 0).zero_();
    return network.head(in.condition, in.phase).log_variance.detach().clone();
  };
  EXPECT_EQ(of(1, 0, 0.5).abs().max().item<double>(), 0.0);  // untrained: the base, of any age
  const auto one = of(1, 0.3, 0.1), ten = of(1, 0.3, 1.0);
  for (int p = 0; p < layout.tokens; ++p)
    EXPECT_GT((one.select(1, p) - ten.select(1, p)).abs().max().item<double>(), 1e-6) << p;
}

TEST(Denoiser, InitialWeightsAreAFunctionOfTheSeed) {
  const TokenLayout layout = small_layout();
  const auto weights = [&](std::uint64_t seed) {
    Denoiser network(layout, test::small_model());
    network.initialise(seed);
    return FlatParameters(network, false).values.clone();
  };
  EXPECT_TRUE(torch::equal(weights(1), weights(1)));
  EXPECT_FALSE(torch::equal(weights(1), weights(2)));
}

TEST(Denoiser, PaddingNeitherSpeaksNorListens) {
  const TokenLayout layout = small_layout();
  Denoiser network(layout, test::small_model());
  randomise(network, 0.3);
  Inputs in = inputs(layout, 2);
  const auto y = network.forward(in.x, in.condition, in.angle, in.phase);
  EXPECT_EQ(y[0][layout.tokens - 1][layout.modes - 1].item<double>(), 0.0);
  auto other = in.x.clone();
  other[0][layout.tokens - 1][layout.modes - 1] = 1e6;
  EXPECT_TRUE(torch::equal(network.forward(other, in.condition, in.angle, in.phase), y));
}

TEST(Denoiser, TokensAreKnownByTheirPlaceNotByTheirNumber) {
  // Listing the patches in another order gives the same predictions in that order.
  TokenLayout layout = small_layout();
  layout.active.assign(layout.active.size(), 1);
  TokenLayout reversed = layout;
  std::reverse(reversed.centre_lat.begin(), reversed.centre_lat.end());
  std::reverse(reversed.centre_lon.begin(), reversed.centre_lon.end());
  Denoiser a(layout, test::small_model()), b(reversed, test::small_model());
  randomise(a, 0.3);
  randomise(b, 0.3);
  const Inputs in = inputs(layout, 2);
  const auto y = a.forward(in.x, in.condition, in.angle, in.phase);
  const auto z = b.forward(in.x.flip(1), in.condition.flip(1), in.angle, in.phase).flip(1);
  EXPECT_LT((y - z).abs().max().item<double>(), 1e-12);
  // The same order with other places gives others.
  EXPECT_GT((y - b.forward(in.x, in.condition, in.angle, in.phase)).abs().max().item<double>(), 1e-3);
}

TEST(Denoiser, ManySamplesAreForecastAsTheyAreAlone) {
  // More values than go through the blocks at once, each sample with an angle, a season and missing
  // tokens of its own.
  const TokenLayout layout = small_layout();
  constexpr std::int64_t kSamples = 1501;
  Denoiser network(layout, test::small_model());
  randomise(network, 0.3);
  network.to(torch::kFloat);
  const Inputs exact = inputs(layout, kSamples);
  const auto x = exact.x.to(torch::kFloat), condition = exact.condition.to(torch::kFloat),
             angle = exact.angle.to(torch::kFloat), phase = exact.phase.to(torch::kFloat);
  TokenView view = network.all();
  view.absent = torch::zeros({kSamples, 1, 1, layout.tokens});
  for (std::int64_t s = 0; s < kSamples; s += 3)
    view.absent[s][0][0][s % layout.tokens] = -std::numeric_limits<float>::infinity();
  const auto kept = network.forward(x, condition, angle, phase, view).detach();
  torch::NoGradGuard no_grad;
  const auto all = network.forward(x, condition, angle, phase, view);
  EXPECT_LT((all - kept).abs().max().item<double>(), 1e-4);
  EXPECT_GT(all.abs().max().item<double>(), 1e-2);
  for (const std::int64_t s : {0L, 575L, 576L, 1152L, 1500L}) {
    TokenView own = view;
    own.absent = view.absent.narrow(0, s, 1);
    const auto alone = network.forward(x.narrow(0, s, 1), condition.narrow(0, s, 1), angle.narrow(0, s, 1),
                                       phase.narrow(0, s, 1), own);
    EXPECT_LT((all.narrow(0, s, 1) - alone).abs().max().item<double>(), 1e-4) << s;
  }
  // One angle and one season for all.
  const auto one = network.forward(x, condition, angle.narrow(0, 7, 1), phase.narrow(0, 7, 1), view);
  EXPECT_LT((one.narrow(0, 7, 1) - all.narrow(0, 7, 1)).abs().max().item<double>(), 1e-4);
}

TEST(Denoiser, KnowsTheTimeOfDiffusionAndTheSeason) {
  const TokenLayout layout = small_layout();
  Denoiser network(layout, test::small_model());
  randomise(network, 0.3);
  const Inputs in = inputs(layout, 2);
  const auto y = network.forward(in.x, in.condition, in.angle, in.phase);
  EXPECT_GT((network.forward(in.x, in.condition, in.angle + 0.1, in.phase) - y).abs().max().item<double>(),
            1e-3);
  EXPECT_GT((network.forward(in.x, in.condition, in.angle, in.phase + 0.3) - y).abs().max().item<double>(),
            1e-3);
  EXPECT_LT((network.forward(in.x, in.condition, in.angle, in.phase + 1.0) - y).abs().max().item<double>(),
            1e-9);
}

}  // namespace
}  // namespace podscale
