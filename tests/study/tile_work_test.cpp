// Work in tiles: what halos are told, and that nothing depends on who computes which tile.
#include "podscale/study/tile_work.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "network_study.hpp"
#include "podscale/network/vit.hpp"
#include "podscale/study/downscaling.hpp"
#include "synthetic.hpp"

namespace podscale {
namespace {

constexpr std::uint64_t kSeed = 17;

/// Tiles of one patch and of four: the synthetic region has 4 x 4 patches, one of them land.
ModelOptions tiled(int tile, int halo) {
  ModelOptions options = test::small_model();
  options.tile = tile, options.tile_halo = halo;
  return options;
}

struct Case {
  explicit Case(const Communicator& comm)
      : comm(comm), study(comm, synthetic::global_modes, 2, true), layout(study.space.layout(comm)) {}
  ForecastRequest request() {
    condition = study.condition;
    const auto second = synthetic::make_condition(study.basis, study.space.condition_width(), 1);
    condition.insert(condition.end(), second.begin(), second.end());
    return {condition, phase, key};
  }
  const Communicator& comm;
  synthetic::Study study;
  TokenLayout layout;
  std::vector<float> condition, phase{0.3f, 0.7f};
  std::vector<std::uint64_t> key{4711, 4712};
};

/// Latents of members by token: [times][members][tokens][K], global ones behind.
std::vector<double> whole(const Case& c, const MemberLatents& latents) {
  const auto& mine = c.study.basis.patches.mine;
  const std::size_t k = c.study.basis.modes, tokens = c.study.basis.patches.patch_of_token.size(),
                    rows = latents.global.size() / synthetic::global_modes;
  std::vector<double> all(rows * tokens * k, 0.0);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t p = 0; p < mine.size(); ++p)
      std::copy_n(latents.patch.data() + (r * mine.size() + p) * k, k,
                  all.data() + (r * tokens + static_cast<std::size_t>(mine[p].token)) * k);
  c.comm.sum(std::span(all));
  all.insert(all.end(), latents.global.begin(), latents.global.end());
  return all;
}

/// Every token becomes half of itself and a tenth of each neighbour that its tile sees; global
/// ones grow by the number of the tile.
class Stencil final : public TileSampling {
 public:
  Stencil(const Case& c, std::span<const TileRequest> requests, const TileSet& tiles) : grid_(c.layout.grid) {
    const StartNoise noise(kSeed, c.layout.modes);
    for (const TileRequest& r : requests) {
      const std::size_t size = r.tile->tokens.size() * static_cast<std::size_t>(c.layout.modes);
      Item item{r.tile, 0, std::vector<float>(static_cast<std::size_t>(r.count) * size), r.count};
      while (&tiles[item.number] != r.tile) ++item.number;
      for (int m = 0; m < r.count; ++m)
        noise.latents_of(c.layout, r.tile->tokens, r.time_key, r.first_member + m, *r.temperature,
                         std::span(item.x).subspan(static_cast<std::size_t>(m) * size, size));
      items_.push_back(std::move(item));
    }
    k_ = static_cast<std::size_t>(c.layout.modes);
  }
  int steps() const override { return 3; }
  void advance(std::size_t i) override {
    Item& item = items_[i];
    const std::size_t n = item.tile->tokens.size();
    std::map<long, std::size_t> slot;  // of patches
    for (std::size_t s = 0; s < n; ++s)
      if (item.tile->tokens[s] < std::ssize(grid_.patch))
        slot[grid_.patch[static_cast<std::size_t>(item.tile->tokens[s])]] = s;
    std::vector<float> next = item.x;
    for (std::size_t m = 0; m < static_cast<std::size_t>(item.count); ++m)
      for (std::size_t s = 0; s < n; ++s)
        for (std::size_t j = 0; j < k_; ++j) {
          const auto at = [&](std::size_t of) { return (m * n + of) * k_ + j; };
          if (item.tile->tokens[s] >= std::ssize(grid_.patch)) {
            next[at(s)] += static_cast<float>(item.number);
            continue;
          }
          const long patch = grid_.patch[static_cast<std::size_t>(item.tile->tokens[s])],
                     x = patch % grid_.nx;
          float sum = 0.5f * item.x[at(s)];
          for (const long other : {patch - grid_.nx, x > 0 ? patch - 1 : -1,
                                   x + 1 < grid_.nx ? patch + 1 : -1, patch + grid_.nx})
            if (const auto found = slot.find(other); found != slot.end())
              sum += 0.1f * item.x[at(found->second)];
          next[at(s)] = sum;
        }
    item.x = next;
  }
  std::span<float> state(std::size_t i) override { return items_[i].x; }

 private:
  struct Item {
    const Tile* tile;
    std::size_t number;
    std::vector<float> x;
    int count;
  };
  PatchGrid grid_;
  std::size_t k_;
  std::vector<Item> items_;
};

NetworkFunctions stencil(const Case& c, std::shared_ptr<const TileSet> tiles) {
  NetworkFunctions network;
  network.tiles = tiles;
  network.sample_tiles = [&c, tiles](std::span<const TileRequest> requests) -> std::unique_ptr<TileSampling> {
    return std::make_unique<Stencil>(c, requests, *tiles);
  };
  return network;
}

TEST(TileWork, ExchangedHalosGiveWhatOneTileWouldGive) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  Case c(comm);
  const auto members = [&](long edge, long halo, bool exchange) {
    const auto tiles = std::make_shared<const TileSet>(c.layout.grid, edge, halo, c.layout.global_tokens);
    return whole(
        c, sample_members(comm, c.study.space, {6, 3, 0, exchange}, stencil(c, tiles), c.request(), {}));
  };
  const std::size_t patches =
      12 * c.study.basis.patches.patch_of_token.size() * static_cast<std::size_t>(c.study.basis.modes);
  const auto one = members(4, 0, true), small = members(1, 1, true), halves = members(2, 1, true),
             drifted = members(1, 1, false);
  ASSERT_EQ(one.size(), patches + 12 * synthetic::global_modes);
  double drift = 0;
  for (std::size_t i = 0; i < patches; ++i) {
    EXPECT_EQ(small[i], one[i]) << i;
    EXPECT_EQ(halves[i], one[i]) << i;
    drift = std::max(drift, std::abs(drifted[i] - one[i]));
  }
  EXPECT_GT(drift, 1e-3) << "a halo of one, three steps: it is noticed if nobody tells";
  // Global tokens: the mean over 15 tiles of 0 ... 14 a step, times the scale of the season.
  for (std::size_t t = 0; t < 2; ++t) {
    LatentSpace::Latents grown{std::vector<double>(c.study.basis.patches.mine.size() * synthetic::modes, 0.0),
                               std::vector<double>(synthetic::global_modes, 21.0)};
    c.study.space.add_season(static_cast<double>(c.phase[t]), grown.patch, grown.global);
    for (std::size_t m = 0; m < 6; ++m)
      for (std::size_t r = 0; r < synthetic::global_modes; ++r) {
        const std::size_t i = patches + (t * 6 + m) * synthetic::global_modes + r;
        EXPECT_NEAR(small[i] - one[i], grown.global[r], 1e-4);
      }
  }
}

/// A few steps of training on tiles, on all ranks alike.
std::unique_ptr<Model> trained(const Case& c, const test::Folder& folder, const ModelOptions& model,
                               long steps) {
  TrainingOptions training;
  training.steps = steps, training.batch = 8, training.groups = 4, training.warmup = 0, training.rate = 1e-2;
  training.validate_every = 1, training.head_weight = 1;
  std::vector<float> latent(static_cast<std::size_t>(4 * c.layout.latent_size())),
      condition(static_cast<std::size_t>(4 * c.layout.condition_size())), phase{0.1f, 0.3f, 0.5f, 0.7f};
  CounterRandom(3, Stream::test).fill_normal(std::span(latent), 1);
  CounterRandom(3, Stream::test).fill_normal(std::span(condition), 2);
  const std::string checksum = c.study.space.checksum(c.comm), file = folder / "model.h5";
  Trainer trainer(c.comm, c.layout, model, training, checksum, file, false, "");
  trainer.run(
      {4, latent, condition, phase},
      [&](const NetworkFunctions&) { return -static_cast<double>(trainer.step()); }, [] { return false; });
  return std::make_unique<Model>(Model::load(c.comm, file, c.layout, checksum, {"cpu"}));
}

TEST(TileWork, ANetworkGivesTheSameBitsAtAnyNumberOfRanks) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const auto self = Communicator::self();
  const test::Folder folder(comm), own(self);
  Case here(comm), alone(self);
  const auto together = trained(here, folder, tiled(1, 1), 3),
             by_itself = trained(alone, own, tiled(1, 1), 3);
  EXPECT_EQ(together->checksum(), by_itself->checksum()) << "training on tiles";
  for (const bool exchange : {true, false})
    for (const SamplerKind kind : {SamplerKind::angle, SamplerKind::dpm_solver, SamplerKind::ancestral}) {
      const SamplerOptions sampler{kind, 3, kSeed};
      const EnsemblePlan plan{3, 2, 0, exchange};
      const auto members = [&](Case& c, const Model& model) {
        return whole(c,
                     sample_members(c.comm, c.study.space, plan, model.functions(sampler), c.request(), {}));
      };
      EXPECT_EQ(members(here, *together), members(alone, *by_itself));
    }
  const auto head = head_forecast(comm, here.study.space, together->functions({}))(here.request(), {}),
             head_alone =
                 head_forecast(self, alone.study.space, by_itself->functions({}))(alone.request(), {});
  for (std::size_t t = 0; t < 2; ++t)
    for (std::size_t p = 0; p < here.study.basis.patches.mine.size(); ++p)
      EXPECT_EQ(head[t].mean[p],
                head_alone[t].mean[static_cast<std::size_t>(here.study.basis.patches.mine[p].token)]);
}

TEST(TileWork, AnUntrainedNetworkIsTheBaseInTiles) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const test::Folder folder(comm);
  Case c(comm);
  const auto model = trained(c, folder, tiled(2, 0), 0);
  const NetworkFunctions network = model->functions({SamplerKind::angle, 4, kSeed});
  ASSERT_NE(network.tiles, nullptr);
  EXPECT_EQ(network.tiles->size(), 4u);
  const Inflation inflation{4.0, 2.25, 1.5, {}};
  const auto members = [&](const NetworkFunctions& of) {
    return whole(c, sample_members(comm, c.study.space, {4, 2}, of, c.request(), inflation));
  };
  const auto noise = members(untrained_network(kSeed, c.layout));
  EXPECT_EQ(members(network), noise);
  EXPECT_EQ(members(untrained_network(kSeed, c.layout, nullptr, network.tiles)), noise);
  const auto head = head_forecast(comm, c.study.space, network)(c.request(), inflation),
             base = base_forecast(c.study.space)(c.request(), inflation);
  for (std::size_t t = 0; t < 2; ++t) {
    EXPECT_EQ(head[t].mean, base[t].mean);
    EXPECT_EQ(head[t].factor, base[t].factor);
    EXPECT_EQ(head[t].shared, base[t].shared);
  }
}

TEST(TileWork, ATileIsAllThatARankSees) {
  // A rank holds windows, not regions: what comes to it is bounded by its items.
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  Case c(comm);
  const auto request = c.request();
  const TileSet tiles(c.layout.grid, 1, 1, c.layout.global_tokens);
  const TileWork work(comm, c.study.basis, tiles, 2, 1);
  EXPECT_EQ(comm.sum(static_cast<long>(work.count())), 2 * std::ssize(c.study.basis.patches.patch_of_token));
  EXPECT_LE(comm.max(static_cast<long>(work.count())) - comm.min(static_cast<long>(work.count())), 1);
  const long width = c.study.space.condition_width();
  const auto rows = work.to_items(request.condition, width);
  for (std::size_t i = 0; i < work.count(); ++i) {
    EXPECT_EQ(std::ssize(rows[i]), std::ssize(work.tile(i).tokens) * width);
    EXPECT_LE(std::ssize(work.tile(i).tokens), 9 + c.layout.global_tokens);
  }
}

}  // namespace
}  // namespace podscale
