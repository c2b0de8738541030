#pragma once
// Members of tiles, step by step: between two steps neighbours may tell each other of their halos.

#include <cstdint>
#include <vector>

#include "network.hpp"
#include "podscale/network/sampler.hpp"

namespace podscale {

class NetworkTiles final : public TileSampling {
 public:
  /// Not collective. network and what the requests point to must outlive it. Start noise is that
  /// of each token, the same in every tile that has it.
  NetworkTiles(const Network& network, const SamplerOptions& sampler, std::span<const TileRequest> requests);
  int steps() const override { return steps_; }
  void advance(std::size_t i) override;
  std::span<float> state(std::size_t i) override;

 private:
  struct Item {
    TileRequest request;
    TokenView tokens;
    torch::Tensor given;  ///< [1, tokens, C], on the device
    SamplerPath path;
  };
  torch::Tensor noise(const TileRequest& request, Stream stream, std::uint32_t step) const;

  const Network* network_;
  SamplerOptions sampler_;
  int steps_ = 0;
  std::vector<Item> items_;
};

}  // namespace podscale
