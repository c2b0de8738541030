#include "network.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "arithmetic.hpp"
#include "host_threads.hpp"
#include "podscale/core/error.hpp"
#include "podscale/gaussian/start_noise.hpp"
#include "podscale/network/sampler.hpp"
#include "tile_sampling.hpp"

namespace podscale {
Network::Network(const TokenLayout& layout, const ModelOptions& options, bool gradients)
    : layout(layout), options(options), device(options.device), tiles(tiles_of(layout, options)) {
  module = std::make_shared<Denoiser>(layout, options);
  module->to(device);
  module->eval();  // no dropout, until a trainer says so
  flat = std::make_unique<FlatParameters>(*module, gradients);
}

std::vector<float> Network::to_vector(const torch::Tensor& tensor) {
  const auto copy = tensor.detach().to(torch::kCPU).contiguous();
  return {copy.data_ptr<float>(), copy.data_ptr<float>() + copy.numel()};
}

void Network::from_vector(const std::vector<float>& values, torch::Tensor& tensor) {
  torch::NoGradGuard no_grad;
  PODSCALE_ASSERT(static_cast<std::int64_t>(values.size()) == tensor.numel(), "{} values for {}",
                  values.size(), tensor.numel());
  tensor.copy_(torch::tensor(values));
}

DenoiserGraph* Network::graph_of(int members) const {
  if (!record || !DenoiserGraph::available(device) || module->is_training()) return nullptr;
  if (!graph_ || !graph_->is_of(members, options.precision)) {
    graph_.reset();  // its memory first
    graph_ = std::make_unique<DenoiserGraph>(*module, layout, members, options.precision, device);
  }
  return graph_.get();
}

void Network::sample(const SamplerOptions& sampler, std::span<const float> condition, float year_phase,
                     std::uint64_t time_key, int first_member, int count, std::span<float> out,
                     const Temperature& temperature) const {
  torch::NoGradGuard no_grad;
  const Arithmetic arithmetic(options.precision, device);
  const std::int64_t p = layout.tokens, k = layout.modes, c = layout.condition;
  PODSCALE_ASSERT(!tiles, "a region of {} tokens at once, but the network works on tiles", p);
  PODSCALE_ASSERT(static_cast<std::int64_t>(condition.size()) == p * c &&
                      static_cast<std::int64_t>(out.size()) == count * p * k,
                  "sizes {} and {}", condition.size(), out.size());
  const auto draw = [&](Stream stream, std::uint32_t step) {
    const StartNoise random(sampler.seed, layout.modes, stream,
                            stream == Stream::sampler ? sampler.coherent : nullptr);
    auto noise = torch::empty({count, p, k}, torch::TensorOptions().pinned_memory(device.is_cuda()));
    float* const values = noise.data_ptr<float>();
    on_host_threads(count, [&](std::int64_t m) {
      random.latents(layout, time_key, first_member + static_cast<int>(m), temperature,
                     std::span(values + m * p * k, static_cast<std::size_t>(p * k)), step);
    });
    return noise.to(device, /*non_blocking=*/true);
  };
  // The condition of one time, for every member of the batch.
  auto given = torch::empty({p, c});
  std::copy(condition.begin(), condition.end(), given.data_ptr<float>());
  given = given.to(device);
  const auto scalar = torch::TensorOptions(torch::kFloat).device(device);
  const auto phase = torch::full({1}, year_phase, scalar);  // one for all members
  DenoiserGraph* const graph = graph_of(count);
  if (graph) graph->set(given, phase);
  given = given.unsqueeze(0).expand({count, p, c});
  const Velocity velocity = [&](const torch::Tensor& x, double angle) {
    const auto prediction =
        graph ? graph->forward(x, angle)
              : module->forward(x, given, torch::full({1}, angle, scalar), phase).to(torch::kFloat);
    return options.prediction == Prediction::velocity ? prediction
                                                      : velocity_from_noise(prediction, x, angle);
  };
  const auto z0 = run_sampler(sampler.kind, sampler.steps, draw(Stream::sampler, 0), velocity, [&](int step) {
    return draw(Stream::ancestral, static_cast<std::uint32_t>(step));
  });
  const auto values = (z0 * module->active()).to(torch::kCPU).contiguous();
  std::copy_n(values.data_ptr<float>(), out.size(), out.begin());
}

namespace {

void copy_to(const torch::Tensor& from, std::span<float> to) {
  const auto values = from.to(torch::kCPU, torch::kFloat).contiguous();
  PODSCALE_ASSERT(values.numel() == static_cast<std::int64_t>(to.size()), "{} values for {}", values.numel(),
                  to.size());
  std::copy_n(values.data_ptr<float>(), to.size(), to.begin());
}

}  // namespace

void Network::head(std::span<const float> condition, float year_phase, std::span<float> mean,
                   std::span<float> variance) const {
  head_of(module->all(), layout.tokens, condition, year_phase, mean, variance);
}

void Network::head(const TileRequest& request, std::span<float> mean, std::span<float> variance) const {
  head_of(module->view_of(std::span(&request.tile, 1)), std::ssize(request.tile->tokens), request.condition,
          request.year_phase, mean, variance);
}

void Network::head_of(const TokenView& tokens, std::int64_t count, std::span<const float> condition,
                      float year_phase, std::span<float> mean, std::span<float> variance) const {
  torch::NoGradGuard no_grad;
  const Arithmetic arithmetic(options.precision, device);
  auto given = torch::empty({1, count, layout.condition});
  PODSCALE_ASSERT(static_cast<std::int64_t>(condition.size()) == given.numel(), "{} values for {} tokens",
                  condition.size(), count);
  std::copy(condition.begin(), condition.end(), given.data_ptr<float>());
  const auto phase = torch::full({1}, year_phase, torch::TensorOptions(torch::kFloat).device(device));
  const auto result = module->head(given.to(device), phase, tokens);
  copy_to(result.mean, mean);
  copy_to(torch::exp(result.log_variance), variance);
}

NetworkFunctions Network::functions(const SamplerOptions& sampler) const {
  return {[this, sampler](std::span<const float> condition, float phase, std::uint64_t time_key, int first,
                          int count, std::span<float> out, const Temperature& temperature) {
            sample(sampler, condition, phase, time_key, first, count, out, temperature);
          },
          [this](std::span<const float> condition, float phase, std::span<float> mean,
                 std::span<float> variance) { head(condition, phase, mean, variance); },
          tiles,
          [this, sampler](std::span<const TileRequest> requests) -> std::unique_ptr<TileSampling> {
            return std::make_unique<NetworkTiles>(*this, sampler, requests);
          },
          [this](const TileRequest& request, std::span<float> mean, std::span<float> variance) {
            head(request, mean, variance);
          }};
}

}  // namespace podscale
