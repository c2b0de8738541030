#include "podscale/network/denoiser.hpp"

#include <torch/utils.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "attention.hpp"
#include "block_operators.hpp"
#include "parameters.hpp"
#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr int kTimeFeatures = 64;     // sines and cosines of the diffusion turns
constexpr int kPositionOctaves = 10;  // wavelengths 360 to 0.7 degrees
constexpr int kPlaceOctaves = 4;      // within the window of a tile
constexpr int kPlaceFeatures = 4 * kPlaceOctaves;
constexpr int kAgeFeatures = 8;
constexpr double kEpsilon = 1e-6;
constexpr double kLogVarianceBound = 4;  // of the head
constexpr std::int64_t kAtOnce = 4 * 144 * 128;  // values that go through the blocks at once

torch::Tensor normalise(const torch::Tensor& x) {
  return torch::layer_norm(x, {x.size(-1)}, {}, {}, kEpsilon);
}
torch::Tensor modulate(const torch::Tensor& x, const torch::Tensor& shift, const torch::Tensor& scale) {
  if (takes_cpu_operators(x, shift)) return modulated(x.contiguous(), shift, scale, kEpsilon);
  return normalise(x) * (scale.unsqueeze(1) + 1) + shift.unsqueeze(1);
}
/// A linear layer without its bias, which the next pass over the values adds.
torch::Tensor weighted(const torch::Tensor& x, const torch::nn::Linear& layer) {
  const auto& w = layer->weight;
  return torch::mm(x.view({-1, x.size(-1)}), w.t()).view({x.size(0), x.size(1), w.size(0)});
}

/// sin and cos of latitude and longitude at octaves of the whole circle: [P, 4 * octaves + global
/// tokens]. A region anywhere, of any size, has its own values, and longitude is periodic. Each
/// global token has a feature of its own instead, since it is nowhere.
torch::Tensor position_features(const TokenLayout& layout) {
  std::vector<float> features;
  const int patches = layout.tokens - layout.global_tokens;
  for (int p = 0; p < layout.tokens; ++p) {
    for (int octave = 0; octave < kPositionOctaves; ++octave)
      for (const float degrees : {layout.centre_lat[p], layout.centre_lon[p]}) {
        const double turns = static_cast<double>(degrees) * std::numbers::pi / 180 * std::pow(2.0, octave);
        features.push_back(p < patches ? static_cast<float>(std::sin(turns)) : 0.0f);
        features.push_back(p < patches ? static_cast<float>(std::cos(turns)) : 0.0f);
      }
    for (int g = 0; g < layout.global_tokens; ++g) features.push_back(p == patches + g ? 1.0f : 0.0f);
  }
  return torch::tensor(features).view({layout.tokens, 4 * kPositionOctaves + layout.global_tokens});
}

/// sin and cos of the place in a tile's window at octaves of its half: [kPlaceFeatures], 0 for
/// global tokens.
void add_place(std::vector<float>& features, const Tile& tile, std::size_t token, bool global) {
  for (const float place : {tile.place_y[token], tile.place_x[token]})
    for (int octave = 0; octave < kPlaceOctaves; ++octave) {
      const double turns = static_cast<double>(place) * std::numbers::pi / 2 * std::pow(2.0, octave);
      features.push_back(global ? 0.0f : static_cast<float>(std::sin(turns)));
      features.push_back(global ? 0.0f : static_cast<float>(std::cos(turns)));
    }
}

/// Sinusoidal features of the turns, scaled as if it were a step of 1000: [B, kTimeFeatures].
torch::Tensor time_features(const torch::Tensor& angle) {
  const int half = kTimeFeatures / 2;
  const auto frequency = torch::exp(torch::arange(half, angle.options()) * (-std::log(10000.0) / half));
  const auto turns = angle.unsqueeze(1) * (1000 * 2 / std::numbers::pi) * frequency.unsqueeze(0);
  return torch::cat({torch::sin(turns), torch::cos(turns)}, 1);
}

torch::Tensor season_features(const torch::Tensor& year_phase) {
  const auto turns = year_phase.unsqueeze(1) * (2 * std::numbers::pi);
  return torch::cat({torch::sin(turns), torch::cos(turns)}, 1);
}

/// Of the age of an HR analysis over the largest one, [B]: cosines of its logarithm, of a half to
/// three and a half periods, so that neighbouring ages are alike; all 0 without an analysis: [B,
/// kAgeFeatures].
torch::Tensor age_features(const torch::Tensor& age) {
  const auto has = age.gt(0).to(age.scalar_type()).unsqueeze(1);
  const auto order = torch::arange(kAgeFeatures, age.options());
  const auto place = torch::log1p(31 * age).unsqueeze(1) * (std::numbers::pi / std::log(32.0));
  return has * torch::cos(place * order.unsqueeze(0));
}

/// [B, heads, P, D] each.
torch::Tensor attention(const torch::Tensor& queries, const torch::Tensor& keys, const torch::Tensor& values,
                        const torch::Tensor& absent) {
#if TORCH_VERSION_MAJOR >= 2
  // One kernel, which keeps no scores in memory. Its gradient is not the same bits twice: training
  // goes the other way, so that a restart changes nothing.
  if (queries.is_cuda() && !torch::GradMode::is_enabled() && !absent.defined())
    return at::scaled_dot_product_attention(queries, keys, values);
#endif
  // The queries are scaled, not the scores: there are fewer of them.
  const auto scaled = queries * (1 / std::sqrt(static_cast<double>(queries.size(-1))));
  auto scores = torch::matmul(scaled, keys.transpose(-2, -1));
  if (absent.defined()) scores = scores + absent;
  return torch::matmul(torch::softmax(scores, -1), values);
}

}  // namespace

BlockImpl::BlockImpl(int width, int heads, double dropout) : heads_(heads), dropout_(dropout) {
  modulation_ = register_module("modulation", torch::nn::Linear(width, 6 * width));
  qkv_ = register_module("qkv", torch::nn::Linear(width, 3 * width));
  project_ = register_module("project", torch::nn::Linear(width, width));
  up_ = register_module("up", torch::nn::Linear(width, 4 * width));
  down_ = register_module("down", torch::nn::Linear(4 * width, width));
}

torch::Tensor BlockImpl::dropped(const torch::Tensor& y) const {
  return dropout_ > 0 && is_training() ? torch::dropout(y, dropout_, true) : y;
}

/// What forward() does, in fewer passes over the values.
torch::Tensor BlockImpl::on_cpu(const torch::Tensor& x, const std::vector<torch::Tensor>& m,
                                const torch::Tensor& absent) {
  const bool drops = dropout_ > 0 && is_training();
  // Where values are dropped, the bias is, too: it must be added before.
  const auto out_of = [&](torch::nn::Linear& layer, const torch::Tensor& from) {
    return drops ? dropped(layer->forward(from)) : weighted(from, layer);
  };
  const auto bias_of = [&](const torch::nn::Linear& layer) { return drops ? torch::Tensor() : layer->bias; };
  const auto qkv = weighted(modulated(x, m[0], m[1], kEpsilon), qkv_);
  const auto mixed = cpu_attention(qkv, qkv_->bias, heads_, absent);
  const auto [attended, normal] =
      gated_modulated(x, m[2], out_of(project_, mixed), bias_of(project_), m[3], m[4], kEpsilon);
  const auto hidden = biased_gelu(weighted(normal, up_), up_->bias);
  return gated(attended, m[5], out_of(down_, hidden), bias_of(down_));
}

torch::Tensor BlockImpl::forward(const torch::Tensor& x, const torch::Tensor& e,
                                 const torch::Tensor& absent) {
  const auto b = x.size(0), p = x.size(1), w = x.size(2), head = w / heads_;
  const auto m = modulation_->forward(e).chunk(6, 1);
  if (takes_cpu_operators(x, qkv_->weight)) return on_cpu(x.contiguous(), m, absent);
  const auto qkv =
      qkv_->forward(modulate(x, m[0], m[1])).view({b, p, 3, heads_, head}).permute({2, 0, 3, 1, 4});
  const auto mixed = attention(qkv[0], qkv[1], qkv[2], absent).transpose(1, 2).reshape({b, p, w});
  const auto attended = x + m[2].unsqueeze(1) * dropped(project_->forward(mixed));
  const auto hidden = torch::gelu(up_->forward(modulate(attended, m[3], m[4])));
  return attended + m[5].unsqueeze(1) * dropped(down_->forward(hidden));
}

Denoiser::Denoiser(const TokenLayout& layout, const ModelOptions& options)
    : dropout_(options.dropout), age_at_(layout.age) {
  PODSCALE_ASSERT(layout.tokens > 0 && layout.modes > 0 && options.width % options.heads == 0,
                  "{} tokens of {} modes, width {}", layout.tokens, layout.modes, options.width);
  const std::vector<float> active(layout.active.begin(), layout.active.end());
  all_.active = register_buffer("active", torch::tensor(active).view({layout.tokens, layout.modes}));
  all_.position = register_buffer("position_features", position_features(layout));
  // Of a tile also the place in it: what lies beyond the halo is not seen.
  const int features =
      static_cast<int>(all_.position.size(1)) + (tiles_of(layout, options) ? kPlaceFeatures : 0);
  const int w = options.width;
  embed_ = register_module("embed", torch::nn::Linear(layout.modes + layout.condition, w));
  position_ = register_module("position", torch::nn::Linear(features, w));
  time_up_ = register_module("time_up", torch::nn::Linear(kTimeFeatures, w));
  time_down_ = register_module("time_down", torch::nn::Linear(w, w));
  season_ = register_module("season", torch::nn::Linear(2, w));
  for (int i = 0; i < options.depth; ++i)
    blocks_.push_back(register_module("block" + std::to_string(i), Block(w, options.heads, options.dropout)));
  last_modulation_ = register_module("last_modulation", torch::nn::Linear(w, 2 * w));
  last_ = register_module("last", torch::nn::Linear(w, layout.modes));
  head_ = register_module("head", torch::nn::Linear(w, 2 * layout.modes));
  if (age_at_ >= 0) age_ = register_module("age", torch::nn::Linear(kAgeFeatures, w));
}

/// Where no gradient is kept, a few samples at a time go through all blocks: their values stay in
/// cache. How many depends on the sizes alone, so that the products are the same everywhere.
torch::Tensor Denoiser::through_blocks(const torch::Tensor& x, const torch::Tensor& e,
                                       const torch::Tensor& absent) {
  const auto pass = [&](torch::Tensor h, const torch::Tensor& told, const torch::Tensor& away) {
    for (auto& block : blocks_) h = block->forward(h, told, away);
    return h;
  };
  const std::int64_t samples = x.size(0), at_once = std::max<std::int64_t>(
                                              1, kAtOnce / std::max<std::int64_t>(1, x.size(1) * x.size(2)));
  if (torch::GradMode::is_enabled() || samples <= at_once || !takes_cpu_operators(x, e))
    return pass(x, e, absent);
  const auto part = [&](const torch::Tensor& all, std::int64_t first, std::int64_t n) {
    return !all.defined() || all.size(0) == 1 ? all : all.narrow(0, first, n);
  };
  auto out = torch::empty(x.sizes(), x.options());
  for (std::int64_t first = 0; first < samples; first += at_once) {
    const std::int64_t n = std::min(at_once, samples - first);
    out.narrow(0, first, n).copy_(pass(part(x, first, n), part(e, first, n), part(absent, first, n)));
  }
  return out;
}

torch::Tensor Denoiser::trunk(const torch::Tensor& x, const torch::Tensor& condition,
                              const torch::Tensor& angle, const torch::Tensor& year_phase,
                              const TokenView& tokens) {
  const auto time = time_down_->forward(torch::silu(time_up_->forward(time_features(angle))));
  auto told = time + season_->forward(season_features(year_phase));
  if (age_at_ >= 0) told = told + age_->forward(age_features(condition.select(-1, age_at_).select(-1, 0)));
  const auto e = torch::silu(told);
  auto h =
      embed_->forward(torch::cat({x * tokens.active, condition}, -1)) + position_->forward(tokens.position);
  h = through_blocks(h, e, tokens.absent);
  const auto m = last_modulation_->forward(e).chunk(2, 1);
  const auto y = modulate(h, m[0], m[1]);
  return dropout_ > 0 && is_training() ? torch::dropout(y, dropout_, true) : y;
}

torch::Tensor Denoiser::forward(const torch::Tensor& x, const torch::Tensor& condition,
                                const torch::Tensor& angle, const torch::Tensor& year_phase,
                                const TokenView& tokens) {
  return last_->forward(trunk(x, condition, angle, year_phase, tokens)) * tokens.active;
}

Denoiser::Head Denoiser::head(const torch::Tensor& condition, const torch::Tensor& year_phase,
                              const TokenView& tokens) {
  const auto nothing =
      torch::zeros({condition.size(0), condition.size(1), tokens.active.size(-1)}, condition.options());
  const auto start = torch::full({1}, std::numbers::pi / 2, condition.options());
  const auto y = head_->forward(trunk(nothing, condition, start, year_phase, tokens)).chunk(2, -1);
  // Bounded, so that no outlier of the training can make a variance explode; slope 1 at 0.
  const auto log_variance = kLogVarianceBound * torch::tanh(y[1] / kLogVarianceBound);
  return {y[0] * tokens.active, log_variance * tokens.active};
}

TokenView Denoiser::view_of(std::span<const Tile* const> tiles) const {
  const std::int64_t samples = std::ssize(tiles), tokens = all_.active.size(0), k = all_.active.size(1);
  std::int64_t slots = 0;
  for (const Tile* tile : tiles) slots = std::max<std::int64_t>(slots, std::ssize(tile->tokens));
  const std::int64_t globals = all_.position.size(1) - 4 * kPositionOctaves;
  std::vector<std::int64_t> number;
  std::vector<float> place, absent, own;
  for (const Tile* tile : tiles)
    for (std::int64_t s = 0; s < slots; ++s) {
      const bool there = s < std::ssize(tile->tokens);
      number.push_back(there ? tile->tokens[static_cast<std::size_t>(s)] : 0);
      absent.push_back(there ? 0 : -std::numeric_limits<float>::infinity());
      const bool global = there && number.back() >= tokens - globals;
      own.push_back(there && (global || tile->own[static_cast<std::size_t>(s)]) ? 1.0f : 0.0f);
      if (there)
        add_place(place, *tile, static_cast<std::size_t>(s), global);
      else
        place.insert(place.end(), kPlaceFeatures, 0.0f);
    }
  const auto device = all_.active.device();
  const auto there = torch::tensor(absent).eq(0).to(torch::kFloat).view({samples, slots, 1}).to(device);
  const auto rows = torch::tensor(number).to(device);
  TokenView view;
  view.active = all_.active.index_select(0, rows).view({samples, slots, k}) * there;
  view.position = torch::cat({all_.position.index_select(0, rows).view({samples, slots, -1}),
                              torch::tensor(place).view({samples, slots, kPlaceFeatures}).to(device)},
                             -1);
  if (samples > 1) view.absent = torch::tensor(absent).view({samples, 1, 1, slots}).to(device);
  view.own = torch::tensor(own).view({samples, slots, 1}).to(device);
  return view;
}

void Denoiser::initialise(std::uint64_t seed) {
  initialise_parameters(*this, seed, [](const std::string& name) {
    return name.find("modulation") != std::string::npos || name.rfind("last.", 0) == 0 ||
           name.rfind("head.", 0) == 0;
  });
}

}  // namespace podscale
