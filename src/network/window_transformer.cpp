#include "window_transformer.hpp"

#include <torch/utils.h>

#include <cmath>

#include "parameters.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr double kLogFactorBound = 3;
constexpr int kDenoiserLayers = 3;

}  // namespace

TileBlockImpl::TileBlockImpl(int width, int heads, int tile) : heads_(heads), tile_(tile) {
  const int reach = 2 * tile - 1;
  qkv_ = register_module("qkv", torch::nn::Linear(width, 3 * width));
  project_ = register_module("project", torch::nn::Linear(width, width));
  position_ = register_parameter("position", torch::zeros({heads, reach * reach}));
  layer_ = register_module("layer", WindowLayer(width));
}

torch::Tensor TileBlockImpl::forward(const torch::Tensor& x, idx_t rows, idx_t columns) {
  const auto tiles = x.size(0), patches = x.size(1), width = x.size(2), head = width / heads_;
  std::vector<std::int64_t> pair;  // number of the relative position of each pair of patches
  for (idx_t i = 0; i < patches; ++i)
    for (idx_t j = 0; j < patches; ++j)
      pair.push_back((i / columns - j / columns + tile_ - 1) * (2 * tile_ - 1) + i % columns - j % columns +
                     tile_ - 1);
  PODSCALE_ASSERT(rows <= tile_ && columns <= tile_ && rows * columns == patches, "{} x {} of {} patches",
                  rows, columns, patches);
  const auto bias = position_.index_select(1, torch::tensor(pair)).view({1, heads_, patches, patches});
  const auto qkv =
      qkv_->forward(normalised(x)).view({tiles, patches, 3, heads_, head}).permute({2, 0, 3, 1, 4});
  const auto queries = qkv[0] * (1 / std::sqrt(static_cast<double>(head)));
  const auto weights = torch::softmax(torch::matmul(queries, qkv[1].transpose(-2, -1)) + bias, -1);
  const auto mixed = torch::matmul(weights, qkv[2]).transpose(1, 2).reshape({tiles, patches, width});
  return layer_->forward(x + project_->forward(mixed));
}

WindowTransformer::WindowTransformer(const WindowModelOptions& options) : options_(options) {
  const int width = options.width, cells = static_cast<int>(options.shape.cells()),
            points = static_cast<int>(options.shape.points());
  PODSCALE_ASSERT(width > 0 && options.layers >= 0 && (options.blocks == 0 || width % options.heads == 0),
                  "width {}, {} layers, {} blocks of {} heads", width, options.layers, options.blocks,
                  options.heads);
  embed_ = register_module("embed", torch::nn::Linear(cells, width));
  scalars_ = register_module("scalars", torch::nn::Linear(2, width));
  for (int i = 0; i < options.layers; ++i)
    layers_.push_back(register_module("layer" + std::to_string(i), WindowLayer(width)));
  for (int i = 0; i < options.blocks; ++i)
    blocks_.push_back(
        register_module("block" + std::to_string(i), TileBlock(width, options.heads, options.tile)));
  head_ = register_module("head", torch::nn::Linear(width, points + 1));
  if (options.members)
    denoiser_ = register_module("denoiser", WindowDenoiser(options.modes, width, kDenoiserLayers));
}

torch::Tensor WindowTransformer::features(const torch::Tensor& cells, const torch::Tensor& scalars,
                                          idx_t rows, idx_t columns) {
  auto h = torch::gelu(embed_->forward(cells) + scalars_->forward(scalars));
  for (auto& layer : layers_) h = layer->forward(h);
  if (blocks_.empty()) return h;
  h = h.view({-1, rows * columns, h.size(-1)});
  for (auto& block : blocks_) h = block->forward(h, rows, columns);
  return h.view({-1, h.size(-1)});
}

WindowTransformer::Correction WindowTransformer::head(const torch::Tensor& features) {
  const auto y = head_->forward(normalised(features));
  const auto points = y.size(1) - 1;
  // Bounded, so that no outlier of the training can make a scale explode; slope 1 at 0.
  const auto factor = y.select(1, points);
  return {y.narrow(1, 0, points), kLogFactorBound * torch::tanh(factor / kLogFactorBound)};
}

void WindowTransformer::initialise(std::uint64_t seed) {
  initialise_parameters(*this, seed, [](const std::string& name) {
    const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
    return has("position") || has("project.") || has("down.") || has("head.") || has("last.");
  });
}

bool is_of_attention(const std::string& name) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  return has("qkv.") || has("project.") || has("position");
}

torch::Tensor window_scalars(const torch::Tensor& mean, const torch::Tensor& contrast) {
  return torch::stack({(torch::log(contrast) + 3) / 1.5, 2 * mean - 1}, 1);
}

}  // namespace podscale
