#pragma once
// What trainer and model share: a denoiser whose weights are one flat tensor, and how members are
// drawn with it.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "denoiser_graph.hpp"
#include "parameters.hpp"
#include "podscale/network/denoiser.hpp"

namespace podscale {

struct Network {
  /// options.device: as device_of_rank() gives it.
  Network(const TokenLayout& layout, const ModelOptions& options, bool gradients);
  /// See Model::sample.
  void sample(const SamplerOptions& sampler, std::span<const float> condition, float year_phase,
              std::uint64_t time_key, int first_member, int count, std::span<float> out,
              const Temperature& temperature) const;
  /// See Model::head.
  void head(std::span<const float> condition, float year_phase, std::span<float> mean,
            std::span<float> variance) const;
  /// Not collective. As TileHeadFunction.
  void head(const TileRequest& request, std::span<float> mean, std::span<float> variance) const;
  NetworkFunctions functions(const SamplerOptions& sampler) const;
  std::vector<float> weights() const { return to_vector(flat->values); }
  void set_weights(const std::vector<float>& values) { from_vector(values, flat->values); }
  static std::vector<float> to_vector(const torch::Tensor& tensor);
  static void from_vector(const std::vector<float>& values, torch::Tensor& tensor);

  TokenLayout layout;
  ModelOptions options;
  torch::Device device;
  std::shared_ptr<Denoiser> module;
  std::unique_ptr<FlatParameters> flat;
  std::shared_ptr<const TileSet> tiles;  ///< nullptr: it sees the whole region at once
  bool record = true;  ///< forward passes of samples as a CUDA graph, where there is such a thing

 private:
  void head_of(const TokenView& tokens, std::int64_t count, std::span<const float> condition, float year_phase,
               std::span<float> mean, std::span<float> variance) const;
  DenoiserGraph* graph_of(int members) const;
  mutable std::unique_ptr<DenoiserGraph> graph_;  // of the last number of members
};

}  // namespace podscale
