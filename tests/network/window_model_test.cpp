// The network of images as a function: what it is before training, and the symmetries it has.
#include "window_model.hpp"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "podscale/mesh/turn.hpp"
#include "window_study.hpp"

namespace podscale {
namespace {

using namespace test;

/// A network that has left its start.
WindowModel some_network(const WindowModelOptions& options, float size = 0.1F) {
  WindowModel network(options, false);
  std::vector<float> values(network.weights().size());
  CounterRandom(3, Stream::test).fill_normal(std::span(values), 8);
  for (float& value : values) value *= size;
  network.set_weights(values);
  return network;
}

double largest(const std::vector<float>& a, const std::vector<float>& b, double factor = 1) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(a[i]) - factor * static_cast<double>(b[i])));
  return most;
}

TEST(WindowModel, UntrainedIsTheBaseBitForBit) {
  for (const int blocks : {0, 2}) {
    WindowModel network(small_windows(blocks), false);
    network.module->initialise(5);
    const WindowSamples s = window_samples(0, 0, 15);
    PooledForecast forecast = s.base;
    network.correct(s.windows, 3, 5, 1, forecast);
    EXPECT_EQ(forecast.mean, s.base.mean);
    EXPECT_EQ(forecast.scale, s.base.scale);
  }
}

TEST(WindowModel, ScalesWithTheImage) {
  // Values and range times 8, a power of 2: the same bits times 8.
  for (const int blocks : {0, 1}) {
    const WindowModel network = some_network(small_windows(blocks));
    const WindowSamples one = window_samples(0, 0, 15), eight = window_samples(0, 0, 15, 8);
    PooledForecast a = one.base, b = eight.base;
    network.correct(one.windows, 3, 5, 1, a);
    network.correct(eight.windows, 3, 5, 8, b);
    EXPECT_EQ(largest(b.mean, a.mean, 8), 0);
    EXPECT_EQ(largest(b.scale, a.scale, 8), 0);
    EXPECT_GT(largest(a.mean, one.base.mean), 1e-3) << "it corrects nothing";
    EXPECT_GT(largest(a.scale, one.base.scale), 1e-3);
  }
}

TEST(WindowModel, AddsTheSameWhateverTheMeanOfTheBase) {
  // The windows as they are, the base elsewhere: what is added does not depend on the base.
  const WindowModel network = some_network(small_windows());
  const WindowSamples s = window_samples(0, 0, 15);
  PooledForecast a = s.base, b = s.base;
  for (float& value : b.mean) value += 0.25F;
  network.correct(s.windows, 3, 5, 1, a);
  network.correct(s.windows, 3, 5, 1, b);
  for (float& value : b.mean) value -= 0.25F;
  EXPECT_LT(largest(a.mean, b.mean), 1e-6);
}

TEST(WindowModel, OfATurnedImageIsTheTurnedForecast) {
  // Averaged over all turns; a square of patches, so that the patches turn as the points do.
  constexpr int side = 4;
  for (const int blocks : {0, 1}) {
    const WindowModel network = some_network(small_windows(blocks));
    ASSERT_EQ(network.turns, square_turns);
    WindowSamples s = window_samples(0, 0, side * side);
    PooledForecast plain{side * side, std::vector<float>(16 * side * side),
                         std::vector<float>(side * side, 1)};
    PooledForecast zero = plain;
    network.correct(s.windows, side, side, 1, plain);
    for (int turn = 1; turn < square_turns; ++turn) {
      const auto patches = turned_square(side, turn), points = turned_square(4, turn);
      WindowBatch turned = s.windows;
      PooledForecast forecast = zero;
      for (idx_t w = 0; w < side * side; ++w) {
        turned.mean[w] = s.windows.mean[patches[w]];
        turned.contrast[w] = s.windows.contrast[patches[w]];
        for (idx_t i = 0; i < 16; ++i)
          turned.cells[16 * w + i] = s.windows.cells[16 * patches[w] + points[i]];
      }
      network.correct(turned, side, side, 1, forecast);
      double most = 0;
      for (idx_t w = 0; w < side * side; ++w) {
        most = std::max(most, std::abs(static_cast<double>(forecast.scale[w] - plain.scale[patches[w]])));
        for (idx_t i = 0; i < 16; ++i)
          most = std::max(most, std::abs(static_cast<double>(forecast.mean[16 * w + i] -
                                                             plain.mean[16 * patches[w] + points[i]])));
      }
      EXPECT_LT(most, 2e-6) << blocks << " blocks, turn " << turn;
    }
  }
}

TEST(WindowModel, AttentionSeesTheNeighboursAndAWindowAloneDoesNot) {
  for (const int blocks : {0, 1}) {
    const WindowModel network = some_network(small_windows(blocks));
    WindowSamples s = window_samples(0, 0, 4);
    PooledForecast a = s.base, b = s.base;
    network.correct(s.windows, 2, 2, 1, a);
    for (idx_t i = 48; i < 64; ++i) s.windows.cells[i] *= -1;  // the last patch of the tile
    network.correct(s.windows, 2, 2, 1, b);
    const double change =
        largest({a.mean.begin(), a.mean.begin() + 16}, {b.mean.begin(), b.mean.begin() + 16});
    if (blocks == 0)
      EXPECT_EQ(change, 0);
    else
      EXPECT_GT(change, 1e-6);
  }
}

TEST(WindowModel, APatchOfTwoTilesIsCorrectedOnce) {
  // Of 3 x 3 patches in tiles of 2 x 2, the last tile is what it is by itself.
  const WindowModel network = some_network(small_windows(1));
  const WindowSamples s = window_samples(0, 0, 9);
  PooledForecast whole = s.base;
  network.correct(s.windows, 3, 3, 1, whole);
  WindowBatch corner{.count = 4};
  PooledForecast alone{.count = 4};
  const std::vector<idx_t> taken{4, 5, 7, 8};
  for (const idx_t w : taken) {
    corner.cells.insert(corner.cells.end(), s.windows.cells.begin() + 16 * w,
                        s.windows.cells.begin() + 16 * (w + 1));
    corner.mean.push_back(s.windows.mean[w]);
    corner.contrast.push_back(s.windows.contrast[w]);
    alone.mean.insert(alone.mean.end(), s.base.mean.begin() + 16 * w, s.base.mean.begin() + 16 * (w + 1));
    alone.scale.push_back(s.base.scale[w]);
  }
  network.correct(corner, 2, 2, 1, alone);
  for (idx_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(alone.scale[i], whole.scale[taken[i]], 1e-6);
    for (idx_t p = 0; p < 16; ++p) EXPECT_NEAR(alone.mean[16 * i + p], whole.mean[16 * taken[i] + p], 1e-6);
  }
}

}  // namespace
}  // namespace podscale
