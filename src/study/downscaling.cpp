#include "podscale/study/downscaling.hpp"

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/gaussian/start_noise.hpp"
#include "podscale/study/tile_work.hpp"
#include "podscale/study/token_series.hpp"

namespace podscale {
namespace {

void say_part(const ForecastRequest& request, long done, long all) {
  if (request.on_part) request.on_part(static_cast<double>(done) / static_cast<double>(all));
}

/// Work items that are whole regions: each needs the condition of its time and gives `rows` rows
/// of K values a token.
/// evaluate(condition [P][C], item, out [rows][P][K])
using Evaluate = std::function<void(std::span<const float>, long, std::span<float>)>;

DealtWork deal(const Communicator& comm, const LatentSpace& space, const ForecastRequest& request,
               long items_per_time, long rows, const Evaluate& evaluate) {
  const Basis& basis = space.basis();
  const long times = static_cast<long>(request.times()), items = times * items_per_time,
             patches = std::ssize(basis.patches.patch_of_token), extra = space.global_tokens(),
             tokens = patches + extra, k = basis.modes, c = space.condition_width(),
             local = std::ssize(basis.patches.mine);
  // Every item of a time needs its condition: tokens are few, so each item carries a copy.
  const auto rows_by_space = standardised(space, request.condition, times);
  std::vector<float> repeated;
  for (long t = 0; t < times; ++t)
    for (long i = 0; i < items_per_time; ++i)
      repeated.insert(repeated.end(), rows_by_space.begin() + t * local * c,
                      rows_by_space.begin() + (t + 1) * local * c);
  const Transposition in(comm, local_tokens(basis), patches, items, c);
  const Transposition out(comm, local_tokens(basis), patches, items, rows * k);
  const Share mine = in.items();
  std::vector<float> given(mine.size() * patches * c);
  in.to_items(repeated, given);
  given = with_global_tokens(given, mine.size(), patches, extra, c);

  DealtWork work;
  work.global.assign(static_cast<std::size_t>(items * rows * extra * k), 0.0f);
  std::vector<float> drawn(mine.size() * patches * rows * k);
  comm.agree([&] {
    std::vector<float> result(rows * tokens * k);
    for (long item = 0; item < mine.size(); ++item) {
      stop_here();
      evaluate(std::span<const float>(given).subspan(item * tokens * c, tokens * c), mine.begin + item,
               result);
      // [row][token][mode] -> [token][row][mode], so that a token travels in one piece.
      for (long r = 0; r < rows; ++r) {
        for (long p = 0; p < patches; ++p)
          std::copy_n(result.begin() + (r * tokens + p) * k, k,
                      drawn.begin() + ((item * patches + p) * rows + r) * k);
        std::copy_n(result.begin() + (r * tokens + patches) * k, extra * k,
                    work.global.begin() + ((mine.begin + item) * rows + r) * extra * k);
      }
      say_part(request, item + 1, mine.size());
    }
  });
  work.patch.resize(items * local * rows * k);
  out.to_space(drawn, work.patch);
  comm.sum(std::span(work.global));  // every item comes from one rank
  return work;
}

/// What members start from, averaged over those of a time; with the seasonal scale.
LatentSpace::Latents mean_start_noise(const LatentSpace& space, int members, const StartNoise& noise,
                                      std::uint64_t time_key, double year_phase, const Inflation& inflation,
                                      std::span<const float> raised) {
  const Basis& basis = space.basis();
  const std::size_t k = basis.modes, local = basis.patches.mine.size();
  LatentSpace::Latents factor{
      {}, std::vector<double>(space.global_modes(), std::sqrt(inflation.global) / members)};
  for (std::size_t i = 0; i < local * k; ++i)
    factor.patch.push_back(std::sqrt(inflation.of_mode(i % k)) / members *
                           (raised.empty() ? 1 : static_cast<double>(std::sqrt(raised[i / k]))));
  space.add_season(year_phase, factor.patch, factor.global);
  LatentSpace::Latents mean{std::vector<double>(local * k, 0.0),
                            std::vector<double>(factor.global.size(), 0.0)};
  std::vector<float> of_patch(k), of_all(factor.global.size());
  for (int m = 0; m < members; ++m) {
    for (std::size_t p = 0; p < local; ++p) {
      noise.values(time_key, m, basis.patches.mine[p].token, of_patch);
      for (std::size_t i = p * k; i < (p + 1) * k; ++i)
        mean.patch[i] += factor.patch[i] * static_cast<double>(of_patch[i - p * k]);
    }
    noise.values(time_key, m, std::ssize(basis.patches.patch_of_token), of_all);
    for (std::size_t r = 0; r < of_all.size(); ++r)
      mean.global[r] += factor.global[r] * static_cast<double>(of_all[r]);
  }
  return mean;
}

/// Of each time: factors of the start noise of all patches, from those of the variance of a rank's
/// own. Collective.
std::vector<std::vector<float>> token_factors(const Communicator& comm, const Basis& basis,
                                              const ForecastRequest& request) {
  std::vector<std::vector<float>> factors(request.times());
  const std::size_t local = basis.patches.mine.size(), tokens = basis.patches.patch_of_token.size();
  if (comm.max(request.raised.empty() ? 0 : 1) == 0) return factors;
  for (std::size_t t = 0; t < factors.size(); ++t) {
    factors[t].assign(tokens, 0.0f);
    for (std::size_t p = 0; p < local; ++p)
      factors[t][static_cast<std::size_t>(basis.patches.mine[p].token)] = std::sqrt(request.raised_at(t)[p]);
    comm.sum(std::span(factors[t]));  // a patch is on one rank: exact
  }
  return factors;
}

/// Members of all requests, from step to step with the halos that neighbours have come to.
DealtWork sample_tiles(const Communicator& comm, const LatentSpace& space, const ForecastRequest& request,
                       const EnsemblePlan& plan, const NetworkFunctions& network, Temperature temperature) {
  const TileWork work(comm, space.basis(), *network.tiles, static_cast<long>(request.times()), plan.groups());
  const auto of_tokens = token_factors(comm, space.basis(), request);
  const auto given = work.to_items(standardised(space, request.condition, static_cast<long>(request.times())),
                                   space.condition_width());
  std::vector<Temperature> of_time(request.times(), temperature);
  for (std::size_t t = 0; t < of_time.size(); ++t) of_time[t].token = of_tokens[t];
  std::vector<TileRequest> requests;
  for (std::size_t i = 0; i < work.count(); ++i) {
    const auto [time, group, tile] = work.item(i);
    requests.push_back({&(*network.tiles)[tile], given[i], request.year_phase[time], request.time_key[time],
                        static_cast<int>((plan.first_group + static_cast<long>(group)) * plan.batch),
                        plan.batch, &of_time[time]});
  }
  std::unique_ptr<TileSampling> sampling;
  std::vector<std::span<float>> states(work.count());
  const auto look = [&] {
    for (std::size_t i = 0; i < states.size(); ++i) states[i] = sampling->state(i);
  };
  comm.agree([&] {
    sampling = network.sample_tiles(requests);
    look();
  });
  for (int step = 0; step < sampling->steps(); ++step) {
    comm.agree([&] {
      for (std::size_t i = 0; i < work.count(); ++i) {
        stop_here();
        sampling->advance(i);
        say_part(request, step * std::ssize(states) + static_cast<long>(i) + 1,
                 sampling->steps() * std::ssize(states));
      }
      look();
    });
    if (plan.exchange_halos && step + 1 < sampling->steps()) work.exchange(states, plan.batch);
  }
  return work.to_space(states, plan.batch);
}

/// The head of all times: mean and variance.
DealtWork head_of_tiles(const Communicator& comm, const LatentSpace& space, const ForecastRequest& request,
                        const NetworkFunctions& network) {
  const TileWork work(comm, space.basis(), *network.tiles, static_cast<long>(request.times()), 1);
  const auto given = work.to_items(standardised(space, request.condition, static_cast<long>(request.times())),
                                   space.condition_width());
  std::vector<std::vector<float>> results(work.count());
  comm.agree([&] {
    for (std::size_t i = 0; i < work.count(); ++i) {
      stop_here();
      const Tile& tile = work.tile(i);
      const std::size_t size = tile.tokens.size() * static_cast<std::size_t>(space.basis().modes);
      results[i].resize(2 * size);
      network.head_tile(
          {.tile = &tile, .condition = given[i], .year_phase = request.year_phase[work.item(i).time]},
          std::span(results[i]).first(size), std::span(results[i]).last(size));
      say_part(request, static_cast<long>(i) + 1, std::ssize(results));
    }
  });
  const std::vector<std::span<float>> both(results.begin(), results.end());
  return work.to_space(both, 2);
}

/// Start noise that no network moves.
class UntrainedTiles final : public TileSampling {
 public:
  UntrainedTiles(const StartNoise& noise, const TokenLayout& layout, std::span<const TileRequest> requests) {
    for (const TileRequest& r : requests) {
      const std::size_t size = r.tile->tokens.size() * static_cast<std::size_t>(layout.modes);
      auto& state = states_.emplace_back(static_cast<std::size_t>(r.count) * size);
      for (int m = 0; m < r.count; ++m)
        noise.latents_of(layout, r.tile->tokens, r.time_key, r.first_member + m, *r.temperature,
                         std::span(state).subspan(static_cast<std::size_t>(m) * size, size));
    }
  }
  int steps() const override { return 0; }
  void advance(std::size_t) override {}
  std::span<float> state(std::size_t i) override { return states_[i]; }

 private:
  std::vector<std::vector<float>> states_;
};

}  // namespace

NetworkFunctions untrained_network(std::uint64_t seed, const TokenLayout& layout,
                                   std::shared_ptr<const PersistentNoise> coherent,
                                   std::shared_ptr<const TileSet> tiles) {
  const auto base = [](std::span<float> mean, std::span<float> variance) {
    std::fill(mean.begin(), mean.end(), 0.0f);
    std::fill(variance.begin(), variance.end(), 1.0f);
  };
  const StartNoise noise(seed, layout.modes, Stream::sampler, std::move(coherent));
  return {
      [layout, noise](std::span<const float>, float, std::uint64_t time_key, int first, int count,
                      std::span<float> out, const Temperature& temperature) {
        const std::size_t size = layout.latent_size();
        for (int m = 0; m < count; ++m)
          noise.latents(layout, time_key, first + m, temperature,
                        out.subspan(static_cast<std::size_t>(m) * size, size));
      },
      [base](std::span<const float>, float, std::span<float> mean, std::span<float> variance) {
        base(mean, variance);
      },
      std::move(tiles),
      [layout, noise](std::span<const TileRequest> requests) -> std::unique_ptr<TileSampling> {
        return std::make_unique<UntrainedTiles>(noise, layout, requests);
      },
      [base](const TileRequest&, std::span<float> mean, std::span<float> variance) { base(mean, variance); }};
}

namespace {

DealtWork sample_regions(const Communicator& comm, const LatentSpace& space, const ForecastRequest& request,
                         const EnsemblePlan& plan, const SampleFunction& sample, Temperature temperature) {
  const auto of_tokens = token_factors(comm, space.basis(), request);
  const long groups = plan.groups();
  return deal(comm, space, request, groups, plan.batch,
              [&](std::span<const float> condition, long item, std::span<float> out) {
                const std::size_t time = item / groups;
                temperature.token = of_tokens[time];
                const long group = plan.first_group + item % groups;
                sample(condition, request.year_phase[time], request.time_key[time],
                       static_cast<int>(group * plan.batch), plan.batch, out, temperature);
              });
}

}  // namespace

MemberLatents sample_members(const Communicator& comm, const LatentSpace& space, const EnsemblePlan& plan,
                             const NetworkFunctions& network, const ForecastRequest& request,
                             const Inflation& inflation) {
  const long groups = plan.groups(), batch = plan.batch, k = space.basis().modes,
             local = std::ssize(space.basis().patches.mine), global_modes = space.global_modes(),
             width = space.global_tokens() * k, times = static_cast<long>(request.times());
  const Temperature temperature(inflation);
  const DealtWork work = network.tiles
                             ? sample_tiles(comm, space, request, plan, network, temperature)
                             : sample_regions(comm, space, request, plan, network.sample, temperature);
  MemberLatents latents;
  latents.members = plan.members;
  for (long t = 0; t < times; ++t) {
    const std::size_t first = latents.patch.size(), first_global = latents.global.size();
    for (long m = 0; m < plan.members; ++m) {
      const long item = t * groups + m / batch, row = m % batch;
      for (long p = 0; p < local; ++p) {
        const float* from = work.patch.data() + ((item * local + p) * batch + row) * k;
        latents.patch.insert(latents.patch.end(), from, from + k);
      }
      const float* from = work.global.data() + (item * batch + row) * width;
      latents.global.insert(latents.global.end(), from, from + global_modes);
    }
    space.add_season(static_cast<double>(request.year_phase[t]), std::span(latents.patch).subspan(first),
                     std::span(latents.global).subspan(first_global));
  }
  return latents;
}

std::vector<double> member_coefficients(const LatentSpace& space, const MemberLatents& latents, std::size_t t,
                                        int m, std::span<const float> condition) {
  const Basis& basis = space.basis();
  const std::size_t local = basis.patches.mine.size(), k = basis.modes, global_modes = space.global_modes(),
                    width = space.condition_width(),
                    at = t * static_cast<std::size_t>(latents.members) + static_cast<std::size_t>(m);
  const bool apart = basis.seams.present();
  std::vector<double> a((apart ? 2 : 1) * local * k, 0.0), r(k);
  const std::vector<double> no_global(global_modes, 0.0), no_own(k, 0.0);
  const auto global = std::span<const double>(latents.global).subspan(at * global_modes, global_modes);
  for (std::size_t p = 0; p < local; ++p) {
    const std::size_t modes = basis.patches.mine[p].modes;
    const auto out = std::span(a).subspan(p * k, modes);
    const float* given = condition.data() + p * width;
    const double spread = space.spread(p, given);
    space.mean(p, given, out);
    const auto z = std::span<const double>(latents.patch).subspan((at * local + p) * k, modes);
    space.colour(p, global, apart ? std::span(no_own).first(modes) : z, std::span(r).first(modes));
    for (std::size_t i = 0; i < modes; ++i) out[i] += spread * r[i];
    if (!apart) continue;
    const auto own = std::span(a).subspan((local + p) * k, modes);
    space.colour(p, no_global, z, own);
    for (double& value : own) value *= spread;
  }
  return a;
}

ForecastFunction ensemble_forecast(const Communicator& comm, const LatentSpace& space, EnsemblePlan plan,
                                   NetworkFunctions network, std::optional<std::uint64_t> control_seed,
                                   MemberLatents* keep, std::shared_ptr<const PersistentNoise> coherent) {
  const StartNoise start(control_seed.value_or(0), space.basis().modes, Stream::sampler, std::move(coherent));
  return [&comm, &space, plan, network = std::move(network), control_seed, keep, start](
             const ForecastRequest& request, const Inflation& inflation) {
    MemberLatents latents = sample_members(comm, space, plan, network, request, inflation);
    const std::size_t times = request.times(), patch = latents.patch.size() / times,
                      global = latents.global.size() / times, condition = request.condition.size() / times;
    std::vector<CoefficientForecast> forecasts;
    for (std::size_t t = 0; t < times; ++t) {
      LatentSpace::Latents noise;
      if (control_seed)
        noise = mean_start_noise(space, plan.members, start, request.time_key[t], request.year_phase[t],
                                 inflation, request.raised_at(t));
      forecasts.push_back(forecast_from_members(
          space, plan.members, std::span(latents.patch).subspan(t * patch, patch),
          std::span(latents.global).subspan(t * global, global),
          request.condition.subspan(t * condition, condition), control_seed ? &noise : nullptr));
    }
    if (keep) *keep = std::move(latents);
    return forecasts;
  };
}

ForecastFunction head_forecast(const Communicator& comm, const LatentSpace& space, NetworkFunctions network,
                               Factor factor) {
  return [&comm, &space, network = std::move(network), factor](const ForecastRequest& request,
                                                               const Inflation& inflation) {
    const std::size_t k = space.basis().modes, local = space.basis().patches.mine.size(),
                      global_modes = space.global_modes(),
                      width = static_cast<std::size_t>(space.global_tokens()) * k,
                      condition = request.condition.size() / std::max<std::size_t>(1, request.times());
    const DealtWork work = network.tiles
                               ? head_of_tiles(comm, space, request, network)
                               : deal(comm, space, request, 1, 2,
                                      [&](std::span<const float> given, long item, std::span<float> out) {
                                        network.head(given, request.year_phase[item],
                                                     out.first(out.size() / 2), out.subspan(out.size() / 2));
                                      });
    std::vector<CoefficientForecast> forecasts;
    for (std::size_t t = 0; t < request.times(); ++t) {
      const float *mean = work.global.data() + 2 * t * width, *variance = mean + width;
      LatentForecast latent{{mean, mean + global_modes}, {variance, variance + global_modes}, {}, {}};
      for (std::size_t p = 0; p < local; ++p) {
        const float* row = work.patch.data() + ((t * local + p) * 2) * k;
        latent.patch_mean.insert(latent.patch_mean.end(), row, row + k);
        latent.patch_variance.insert(latent.patch_variance.end(), row + k, row + 2 * k);
      }
      latent = with_season(space, request.year_phase[t], inflation, std::move(latent), request.raised_at(t),
                           request.level_at(t));
      forecasts.push_back(forecast_from_latents(space, std::move(latent),
                                                request.condition.subspan(t * condition, condition), factor));
    }
    return forecasts;
  };
}

}  // namespace podscale
