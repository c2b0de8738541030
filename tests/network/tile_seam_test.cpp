// Members of a network that was trained on tiles have no seams: what neighbours have in common is
// the same across the borders of tiles as within.
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "learnable_study.hpp"
#include "learner.hpp"
#include "podscale/gaussian/calibration.hpp"

namespace podscale {
namespace {

constexpr long kRows = 8, kColumns = 16;  // of a globe: the last column is next to the first
constexpr int kTile = 4, kHalo = 2;

TokenLayout layout() {
  TokenLayout all{kRows * kColumns, 1, 1, {}, {}, {}};
  all.grid = {kRows, kColumns, true, {}};
  for (long p = 0; p < kRows * kColumns; ++p) {
    all.grid.patch.push_back(p);
    all.centre_lat.push_back(-20.0f + 2 * static_cast<float>(p / kColumns));
    all.centre_lon.push_back(22.5f * static_cast<float>(p % kColumns));
    all.active.push_back(1);
  }
  return all;
}

/// Means of white noise over a patch and its eight neighbours: variance 1, a correlation of two
/// thirds to the next patch. The condition says nothing of it: the network has to make it out of
/// independent noise.
struct Smooth {
  explicit Smooth(long times) : phase(static_cast<std::size_t>(times), 0.5f) {
    std::vector<float> noise(kRows * kColumns);
    for (long t = 0; t < times; ++t) {
      CounterRandom(8, Stream::test).fill_normal(std::span(noise), static_cast<std::uint32_t>(t));
      for (long y = 0; y < kRows; ++y)
        for (long x = 0; x < kColumns; ++x) {
          double sum = 0, count = 0;
          for (long dy = -1; dy <= 1; ++dy)
            for (long dx = -1; dx <= 1; ++dx)
              if (y + dy >= 0 && y + dy < kRows)
                sum += noise[static_cast<std::size_t>((y + dy) * kColumns + (x + dx + kColumns) % kColumns)],
                    ++count;
          latent.push_back(static_cast<float>(sum / std::sqrt(count)));
        }
    }
    condition.assign(latent.size(), 0.0f);
  }
  TrainingSet set() const { return {std::ssize(phase), latent, condition, phase}; }
  std::vector<float> latent, condition, phase;
};

/// Mean squared difference of neighbours: across the borders of tiles, and within.
struct Differences {
  double across = 0, within = 0;
};
Differences differences(const std::vector<float>& fields, const PatchGrid& grid, const TileSet& tiles) {
  Differences d;
  double counts[2] = {};
  for (std::size_t at = 0; at < fields.size(); at += grid.patch.size())
    for (const NeighbourPair& pair : neighbour_pairs(grid, tiles)) {
      const double step = fields[at + static_cast<std::size_t>(pair.first)] -
                          fields[at + static_cast<std::size_t>(pair.second)];
      (pair.across ? d.across : d.within) += step * step;
      counts[pair.across ? 0 : 1] += 1;
    }
  d.across /= counts[0], d.within /= counts[1];
  return d;
}

/// Members of the whole region, [count][patches]; with `exchange` halos are told what their owners
/// have.
std::vector<float> members(const Network& network, int count, bool exchange) {
  const TileSet& tiles = *network.tiles;
  const Temperature temperature;
  const std::vector<float> given(1000, 0.0f);
  std::vector<TileRequest> requests;
  for (std::size_t t = 0; t < tiles.size(); ++t)
    requests.push_back(
        {&tiles[t], std::span(given).first(tiles[t].tokens.size()), 0.5f, 7, 0, count, &temperature});
  const auto sampling = network.functions({SamplerKind::angle, 8, 3}).sample_tiles(requests);
  std::vector<float> all(static_cast<std::size_t>(count) * kRows * kColumns);
  for (int step = 0; step < sampling->steps(); ++step)
    for (const bool write : {false, true}) {
      for (std::size_t t = 0; t < tiles.size(); ++t) {
        if (!write) sampling->advance(t);
        if (write && !exchange) continue;
        const std::size_t n = tiles[t].tokens.size();
        const auto state = sampling->state(t);
        for (std::size_t i = 0; i < state.size(); ++i) {
          float& value = all[i / n * (kRows * kColumns) + static_cast<std::size_t>(tiles[t].tokens[i % n])];
          if (write)
            state[i] = value;
          else if (tiles[t].own[i % n])
            value = state[i];
        }
      }
    }
  return all;
}

TEST(Tiles, MembersHaveNoSeams) {
  const TokenLayout region = layout();
  ModelOptions model = test::small_model();
  model.tile = kTile, model.tile_halo = kHalo;
  TrainingOptions training;
  training.steps = 1500, training.batch = 16, training.groups = 1, training.warmup = 20, training.rate = 8e-3;
  training.ema_decay = 0.98;
  const Smooth study(2000);
  const OneProcess alone;
  Learner learner(alone, region, model, training);
  ASSERT_NE(learner.network.tiles, nullptr);
  EXPECT_EQ(learner.network.tiles->size(), 8u);
  learner.network.module->initialise(1);
  learner.average.set_weights(learner.network.weights());
  learner.network.module->train();
  for (long i = 0; i < training.steps; ++i) {
    learner.loss_and_gradient(study.set());
    learner.average_gradient();
    learner.optimizer.update();
  }
  const auto of = [&](const std::vector<float>& fields) {
    return differences(fields, region.grid, *learner.network.tiles);
  };
  const Differences truth = of(study.latent), told = of(members(learner.average, 192, true)),
                    left_alone = of(members(learner.average, 192, false));
  std::printf(
      "mean squared differences of neighbours, across tiles and within: truth %.3f %.3f, halos exchanged "
      "%.3f %.3f (ratio %.3f), recomputed %.3f %.3f (ratio %.3f)\n",
      truth.across, truth.within, told.across, told.within, told.across / told.within, left_alone.across,
      left_alone.within, left_alone.across / left_alone.within);
  // 2 of independent neighbours: it has learned what they share, and says it across borders too. A
  // halo that goes its own way tears them apart.
  EXPECT_LT(told.within, truth.within * 1.3);
  const double step_of_truth = truth.across / truth.within;
  EXPECT_NEAR(told.across / told.within / step_of_truth, 1, 0.05);  // two standard errors of 192 members
  EXPECT_GT(left_alone.across / left_alone.within / step_of_truth, 1.2);
}

}  // namespace
}  // namespace podscale
