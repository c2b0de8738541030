#include "tile_sampling.hpp"

#include <torch/utils.h>

#include <algorithm>

#include "arithmetic.hpp"
#include "host_threads.hpp"
#include "podscale/core/error.hpp"
#include "podscale/gaussian/start_noise.hpp"
#include "podscale/network/schedule.hpp"

namespace podscale {

NetworkTiles::NetworkTiles(const Network& network, const SamplerOptions& sampler,
                           std::span<const TileRequest> requests)
    : network_(&network),
      sampler_(sampler),
      steps_(static_cast<int>(sampler_angles(sampler.steps).size()) - 1) {
  torch::NoGradGuard no_grad;
  for (const TileRequest& request : requests) {
    const std::int64_t tokens = std::ssize(request.tile->tokens);
    auto given = torch::empty({1, tokens, network.layout.condition});
    PODSCALE_ASSERT(static_cast<std::int64_t>(request.condition.size()) == given.numel(),
                    "{} condition values for {} tokens", request.condition.size(), tokens);
    std::copy(request.condition.begin(), request.condition.end(), given.data_ptr<float>());
    items_.push_back({request, network.module->view_of(std::span(&request.tile, 1)), given.to(network.device),
                      SamplerPath(sampler.kind, sampler.steps, noise(request, Stream::sampler, 0))});
  }
}

torch::Tensor NetworkTiles::noise(const TileRequest& request, Stream stream, std::uint32_t step) const {
  const TokenLayout& layout = network_->layout;
  const StartNoise random(sampler_.seed, layout.modes, stream,
                          stream == Stream::sampler ? sampler_.coherent : nullptr);
  const std::int64_t size = std::ssize(request.tile->tokens) * layout.modes;
  auto values = torch::empty({request.count, std::ssize(request.tile->tokens), layout.modes});
  float* const at = values.data_ptr<float>();
  on_host_threads(request.count, [&](std::int64_t m) {
    random.latents_of(layout, request.tile->tokens, request.time_key,
                      request.first_member + static_cast<int>(m), *request.temperature,
                      std::span(at + m * size, static_cast<std::size_t>(size)), step);
  });
  return values;
}

void NetworkTiles::advance(std::size_t i) {
  torch::NoGradGuard no_grad;
  const Network& network = *network_;
  const Arithmetic arithmetic(network.options.precision, network.device);
  Item& item = items_[i];
  const auto scalar = torch::TensorOptions(torch::kFloat).device(network.device);
  const auto phase = torch::full({1}, item.request.year_phase, scalar);
  const auto given = item.given.expand({item.request.count, item.given.size(1), item.given.size(2)});
  item.path.x = item.path.x.to(network.device);
  item.path.step(
      [&](const torch::Tensor& x, double angle) {
        const auto prediction =
            network.module->forward(x, given, torch::full({1}, angle, scalar), phase, item.tokens)
                .to(torch::kFloat);
        return network.options.prediction == Prediction::velocity ? prediction
                                                                  : velocity_from_noise(prediction, x, angle);
      },
      [&](int step) {
        return noise(item.request, Stream::ancestral, static_cast<std::uint32_t>(step)).to(network.device);
      });
  if (item.path.done()) item.path.x = item.path.x * item.tokens.active;
  item.path.x = item.path.x.to(torch::kCPU).contiguous();  // where neighbours can write to it
}

std::span<float> NetworkTiles::state(std::size_t i) {
  const torch::Tensor& x = items_[i].path.x;
  return {x.data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

}  // namespace podscale
