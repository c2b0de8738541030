// The step of training of a window network: its loss, its gradient, and that it learns.
#include "window_learner.hpp"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "network.hpp"
#include "podscale/stat/normal.hpp"
#include "window_loss.hpp"
#include "window_study.hpp"

namespace podscale {
namespace {

using namespace test;

WindowTrainingOptions training(double tokens) {
  WindowTrainingOptions options;
  options.tokens = tokens, options.batch = 256, options.warmup = 20, options.rate = 5e-3;
  options.ema_decay = 0.98;
  return options;
}
const std::vector<double> kPointSpread(16, 1.0);

TEST(WindowLoss, IsTheClosedFormCrpsAndItsGradientThatOfFiniteDifferences) {
  torch::manual_seed(1);
  const auto wide = torch::TensorOptions(torch::kDouble);
  const auto mean = torch::randn({3, 4}, wide), target = torch::randn({3, 4}, wide),
             spread = torch::rand({3, 4}, wide) + 0.2, factor = torch::randn({3}, wide) * 0.5,
             weight = torch::rand({3}, wide) + 0.5;
  const auto value = [&](const torch::Tensor& m, const torch::Tensor& f, double likelihood) {
    return window_loss(m, f, spread, target, weight, likelihood).value.item<double>();
  };
  double crps = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 4; ++j) {
      const double sigma = spread[i][j].item<double>() * std::exp(factor[i].item<double>());
      crps += weight[i].item<double>() * sigma *
              standard_crps((target[i][j].item<double>() - mean[i][j].item<double>()) / sigma) / 12;
    }
  EXPECT_NEAR(value(mean, factor, 0), crps, 1e-12);

  constexpr double step = 1e-5;
  for (const double likelihood : {0.0, 0.3}) {
    const WindowLoss loss = window_loss(mean, factor, spread, target, weight, likelihood);
    for (int i = 0; i < 3; ++i) {
      auto up = factor.clone(), down = factor.clone();
      up[i] += step, down[i] -= step;
      EXPECT_NEAR(loss.factor_gradient[i].item<double>(),
                  (value(mean, up, likelihood) - value(mean, down, likelihood)) / (2 * step), 1e-8);
      for (int j = 0; j < 4; ++j) {  // the likelihood has no part in it
        auto above = mean.clone(), below = mean.clone();
        above[i][j] += step, below[i][j] -= step;
        EXPECT_NEAR(loss.mean_gradient[i][j].item<double>(),
                    (value(above, factor, 0) - value(below, factor, 0)) / (2 * step), 1e-8);
      }
    }
  }
}

TEST(WindowLearner, AttentionLearnsAfterTheLayersThatSeeOneWindow) {
  const OneProcess alone;
  WindowTrainingOptions options = training(2560);  // 10 steps
  WindowLearner learner(alone, small_windows(1), options, kPointSpread);
  std::vector<float> weights(learner.network.weights().size());
  CounterRandom(3, Stream::test).fill_normal(std::span(weights), 8);
  learner.network.set_weights(weights);
  const WindowDraw draw = [](long step, idx_t first, idx_t tiles) {
    const idx_t patches = small_windows(1).tile * small_windows(1).tile;
    return window_samples(step, first * patches, tiles * patches);
  };
  for (const long step : {0L, 2L, 3L, 9L}) {
    learner.optimizer.step = step;
    learner.loss_and_gradient(draw);
    for (const NamedSlice& slice : learner.network.flat->slices) {
      const double size =
          learner.network.flat->gradient.narrow(0, slice.offset, slice.size).abs().sum().item<double>();
      const bool attention = slice.name.find("block0.") == 0 && slice.name.find(".layer.") == std::string::npos;
      EXPECT_EQ(size > 0, !attention || step >= 3) << slice.name << " at step " << step;
    }
  }
}

TEST(WindowLearner, GradientOfTheWeightsIsThatOfFiniteDifferences) {
  const OneProcess alone;
  for (const int blocks : {0, 1}) {
    WindowTrainingOptions options = training(1e4);
    options.likelihood_weight = 0;  // has no part in the gradient of the mean
    WindowLearner learner(alone, small_windows(blocks), options, kPointSpread);
    std::vector<float> weights(learner.network.weights().size());
    CounterRandom(3, Stream::test).fill_normal(std::span(weights), 8);
    for (float& value : weights) value *= 0.1F;
    learner.network.set_weights(weights);
    const WindowSamples samples = window_samples(0, 0, 64);
    learner.loss_and_gradient(samples);
    const auto gradient = Network::to_vector(learner.network.flat->gradient);
    // Along the gradient itself, where the difference is large against the rounding of floats.
    double square = 0;
    for (const float g : gradient) square += static_cast<double>(g) * g;
    const double norm = std::sqrt(square), step = 2e-2;
    const auto at = [&](double by) {
      auto moved = weights;
      for (std::size_t i = 0; i < moved.size(); ++i)
        moved[i] += static_cast<float>(by * static_cast<double>(gradient[i]) / norm);
      learner.network.set_weights(moved);
      return learner.loss_and_gradient(samples);
    };
    EXPECT_NEAR((at(step) - at(-step)) / (2 * step), norm, 0.01 * norm) << blocks << " blocks";
  }
}

TEST(WindowLearner, LearnsWhatNoLinearMapSees) {
  const OneProcess alone;
  for (const int blocks : {0, 1}) {
    const WindowModelOptions model = small_windows(blocks);
    WindowLearner learner(alone, model, training(256 * 400), kPointSpread);
    learner.network.module->initialise(1);
    learner.average.set_weights(learner.network.weights());
    const WindowSamples judge = window_samples(1 << 20, 0, 400);
    const auto score = [&](double& spread) {
      PooledForecast forecast = judge.base;
      learner.average.correct(judge.windows, 20, 20, 1, forecast);
      double square = 0;
      spread = 0;
      for (idx_t i = 0; i < std::ssize(judge.target); ++i) {
        const double contrast = judge.windows.contrast[i / 16];
        square += std::pow((static_cast<double>(judge.target[i]) - forecast.mean[i]) / contrast, 2);
        spread += forecast.scale[i / 16] / contrast / static_cast<double>(judge.target.size());
      }
      return std::sqrt(square / static_cast<double>(judge.target.size()));
    };
    double spread = 0;
    const double before = score(spread);
    const idx_t side = model.drawn_side();
    for (long i = 0; i < 400; ++i) {
      learner.loss_and_gradient(window_draw(side));
      learner.optimizer.average_gradient();
      learner.optimizer.update();
    }
    learner.average.turns = 1;  // the bend is of one orientation
    const double after = score(spread);
    EXPECT_GT(before, 0.3) << blocks;
    EXPECT_LT(after, 0.6 * before) << blocks;
    EXPECT_GT(after, 0.95 * static_cast<double>(window_noise)) << blocks << ": better than the noise";
    EXPECT_NEAR(spread, after, 0.15 * after) << blocks << ": the scale says how wrong the mean is";
  }
}

TEST(WindowLearner, AWindowOfGreaterContrastCountsMore) {
  const OneProcess alone;
  const WindowSamples samples = window_samples(0, 0, 64), brighter = window_samples(0, 0, 64, 4);
  for (const double power : {0.0, 0.5, 1.0}) {
    WindowTrainingOptions options = training(1e4);
    options.contrast_power = power;
    WindowLearner learner(alone, small_windows(), options, kPointSpread);
    learner.network.module->initialise(1);
    const double plain = learner.loss_and_gradient(samples), more = learner.loss_and_gradient(brighter);
    EXPECT_NEAR(more, plain * std::pow(4.0, power), 1e-4 * more) << "the base is wrong by as many contrasts";
  }
}

}  // namespace
}  // namespace podscale
