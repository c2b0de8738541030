// Members of images: what they are before training, and that they learn how neighbours go
// together.
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "window_learner.hpp"
#include "window_study.hpp"

namespace podscale {
namespace {

using namespace test;

WindowModelOptions with_members() {
  WindowModelOptions options = small_windows();
  options.members = true, options.tile = 4;
  return options;
}

/// Tiles of 4 x 4 patches whose residuals have the covariance 0.5 between patches side by side in
/// a row, and none in a column.
WindowSamples coherent_samples(long step, idx_t first, idx_t tiles) {
  WindowSamples s = window_samples(step, first * 16, tiles * 16);
  const CounterRandom random(6, Stream::test);
  std::vector<float> draws(4 * 5 * 16);
  for (idx_t t = 0; t < tiles; ++t) {
    random.fill_normal(std::span(draws), static_cast<std::uint32_t>(step),
                       static_cast<std::uint32_t>(first + t));
    for (idx_t row = 0; row < 4; ++row)
      for (idx_t column = 0; column < 4; ++column)
        for (idx_t i = 0; i < 16; ++i) {
          const idx_t at = 16 * (16 * t + 4 * row + column) + i, from = 16 * (5 * row + column) + i;
          s.target[at] =
              s.base.mean[at] + s.base.scale[at / 16] * std::sqrt(0.5F) * (draws[from] + draws[from + 16]);
        }
  }
  return s;
}

struct Moments {
  double variance = 0, along_row = 0, along_column = 0;
};

Moments moments_of(const WindowModel& network, int members) {
  constexpr idx_t side = 12;  // larger than a tile of the training
  const WindowSamples s = window_samples(1 << 20, 0, side * side);
  Moments m;
  double all = 0, rows = 0, columns = 0;
  for (int member = 0; member < members; ++member) {
    const auto z = network.residual_member(s.windows, side, side, 1, 77, member);
    for (idx_t p = 0; p < side * side; ++p)
      for (idx_t k = 0; k < 16; ++k) {
        const double mine = z[16 * p + k];
        m.variance += mine * mine, ++all;
        if (p % side + 1 < side) m.along_row += mine * z[16 * (p + 1) + k], ++rows;
        if (p + side < side * side) m.along_column += mine * z[16 * (p + side) + k], ++columns;
      }
  }
  return {m.variance / all, m.along_row / rows, m.along_column / columns};
}

TEST(WindowMember, UntrainedIsItsNoise) {
  WindowModel network(with_members(), false);
  network.module->initialise(5);
  EXPECT_TRUE(network.makes_members());
  const WindowSamples s = window_samples(0, 0, 15);
  const auto a = network.residual_member(s.windows, 3, 5, 1, 77, 2),
             again = network.residual_member(s.windows, 3, 5, 1, 77, 2),
             other = network.residual_member(s.windows, 3, 5, 1, 77, 3);
  ASSERT_EQ(a.size(), 15U * 16U);
  EXPECT_EQ(a, again);
  EXPECT_NE(a, other);
  const Moments m = moments_of(network, 8);
  EXPECT_NEAR(m.variance, 1, 0.05);
  EXPECT_NEAR(m.along_row, 0, 0.05);
}

TEST(WindowMember, LearnsHowNeighboursGoTogether) {
  const OneProcess alone;
  WindowTrainingOptions options;
  options.tokens = 500 * 512, options.batch = 512, options.warmup = 20, options.rate = 5e-3;
  options.ema_decay = 0.98, options.member_weight = 1;
  const WindowModelOptions model = with_members();
  std::vector<double> identity(256);
  for (std::size_t i = 0; i < 16; ++i) identity[17 * i] = 1;
  WindowLearner learner(alone, model, options, std::vector<double>(16, 1.0), identity);
  learner.network.module->initialise(1);
  learner.average.set_weights(learner.network.weights());
  for (long i = 0; i < options.steps(); ++i) {
    learner.loss_and_gradient(coherent_samples);
    learner.optimizer.average_gradient();
    learner.optimizer.update();
  }
  const Moments m = moments_of(learner.average, 8);
  EXPECT_NEAR(m.variance, 1, 0.15);
  EXPECT_NEAR(m.along_row, 0.5, 0.15);
  EXPECT_NEAR(m.along_column, 0, 0.07);
}

}  // namespace
}  // namespace podscale
