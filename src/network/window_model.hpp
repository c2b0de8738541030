#pragma once
// A window network with its weights in one flat tensor, as trainer and forecasts use it.

#include <cstdint>
#include <memory>
#include <vector>

#include "parameters.hpp"
#include "window_transformer.hpp"

namespace podscale {

struct WindowModel final : public WindowNetwork {
  WindowModel(const WindowModelOptions& options, bool gradients);
  void correct(const WindowBatch& windows, idx_t rows, idx_t columns, double range,
               PooledForecast& forecast) const override;
  std::vector<float> residual_member(const WindowBatch& windows, idx_t rows, idx_t columns, double range,
                                     std::uint64_t key, int member) const override;
  bool makes_members() const override { return options.members; }
  idx_t parameters() const override { return flat->values.numel(); }
  std::vector<float> weights() const;
  void set_weights(const std::vector<float>& values);

  WindowModelOptions options;
  std::shared_ptr<WindowTransformer> module;
  std::unique_ptr<FlatParameters> flat;
  int turns;  ///< options.turns, or fewer: 8 make the forecast of a turned image the turned forecast
};

}  // namespace podscale
