#pragma once
// Forecasts with the network: members by diffusion, or the Gaussian head. Work items are dealt
// over ranks.

#include <cstdint>
#include <optional>

#include "podscale/gaussian/forecast.hpp"
#include "podscale/network/model.hpp"

namespace podscale {

/// Members of several times, dealt over ranks as work items of (time, group of `batch` members,
/// tile), each always computed in a batch of that size: a member is the same bits at any rank
/// count with the same number of threads.
struct EnsemblePlan {
  int members = 24;
  int batch = 8;
  int first_group = 0;  ///< members first_group * batch and on
  /// Of a region in tiles: the halo of a tile is what its neighbours have come to after each step
  /// of the sampler; false: what the tile itself makes of it.
  bool exchange_halos = true;
  long groups() const { return (members + batch - 1) / batch; }
};

/// Not collective. What a network with zero-initialised outputs returns: its start noise, and N(0,
/// 1): the base.
NetworkFunctions untrained_network(std::uint64_t seed, const TokenLayout& layout,
                                   std::shared_ptr<const PersistentNoise> coherent = nullptr,
                                   std::shared_ptr<const TileSet> tiles = nullptr);

/// Latents of members on the ranks that own the patches; the global ones on every rank.
struct MemberLatents {
  int members = 0;
  std::vector<double> patch;   ///< [times][members][local patches][K]
  std::vector<double> global;  ///< [times][members][R]
};
/// Collective. Inflation scales the noise that sampling starts from, level by level.
MemberLatents sample_members(const Communicator& comm, const LatentSpace& space, const EnsemblePlan& plan,
                             const NetworkFunctions& network, const ForecastRequest& request,
                             const Inflation& inflation);
/// Not collective. Coefficients of member m of time t, as draw_coefficients gives them. condition:
/// of that time.
std::vector<double> member_coefficients(const LatentSpace& space, const MemberLatents& latents, std::size_t t,
                                        int m, std::span<const float> condition);

/// Forecasts from the moments of plan.members members. `keep` (optional) gets their latents at
/// each call. control_seed (optional): the seed of the sampler, to use the start noise as a
/// control variate for the mean, see forecast_from_members; for the angle sampler on a base.
/// coherent: the noise of the network, where it persists in time.
ForecastFunction ensemble_forecast(const Communicator& comm, const LatentSpace& space, EnsemblePlan plan,
                                   NetworkFunctions network,
                                   std::optional<std::uint64_t> control_seed = std::nullopt,
                                   MemberLatents* keep = nullptr,
                                   std::shared_ptr<const PersistentNoise> coherent = nullptr);
/// Forecasts from the head: one evaluation of the network a time.
ForecastFunction head_forecast(const Communicator& comm, const LatentSpace& space, NetworkFunctions network,
                               Factor factor = Factor::with);

}  // namespace podscale
