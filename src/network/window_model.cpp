#include "window_model.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "network.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/mesh/turn.hpp"
#include "podscale/network/sampler.hpp"

namespace podscale {
namespace {

constexpr idx_t kWindowsAtOnce = 2048;
constexpr int kSamplerSteps = 16;
constexpr std::uint32_t kMemberNoise = 1u << 16;  // no counter of the base's own draws

torch::Tensor index_tensor(const std::vector<idx_t>& index) {
  return torch::tensor(std::vector<std::int64_t>(index.begin(), index.end()));
}

std::vector<idx_t> inverse(const std::vector<idx_t>& index) {
  std::vector<idx_t> back(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) back[index[i]] = static_cast<idx_t>(i);
  return back;
}

/// First rows of tiles that cover `count` rows; the last one ends where the rows do.
std::vector<idx_t> tile_starts(idx_t count, idx_t tile) {
  std::vector<idx_t> starts;
  for (idx_t first = 0; first + tile < count; first += tile) starts.push_back(first);
  starts.push_back(std::max<idx_t>(0, count - tile));
  return starts;
}

/// turned_square() of a rectangle of rows x columns: what comes to each place of the turned one,
/// whose rows are the columns of this one where turn & 4.
std::vector<idx_t> turned_rectangle(idx_t rows, idx_t columns, int turn) {
  const idx_t to_rows = turn & 4 ? columns : rows, to_columns = turn & 4 ? rows : columns;
  std::vector<idx_t> index;
  for (idx_t r = 0; r < to_rows; ++r)
    for (idx_t c = 0; c < to_columns; ++c) {
      const idx_t row = turn & 1 ? to_rows - 1 - r : r, column = turn & 2 ? to_columns - 1 - c : c;
      index.push_back(turn & 4 ? column * columns + row : row * columns + column);
    }
  return index;
}

/// Some tiles of a rectangle of windows, as the network takes them.
struct Tiles {
  idx_t rows = 0, columns = 0;   // patches of each
  std::vector<idx_t> taken{};    // windows, tile by tile
  std::vector<char> last{};      // of each: whether no later tile has this window
  torch::Tensor cells, scalars;  // of these windows
};

/// Tiles that cover a rectangle of windows, some 2048 windows at once. Without attention every
/// window is a tile.
std::vector<Tiles> tiles_of(const WindowModelOptions& options, const WindowBatch& windows, idx_t rows,
                            idx_t columns, double range) {
  const idx_t cells = options.shape.cells(), tile = options.blocks > 0 ? options.tile : 1,
              tile_rows = std::min(tile, rows), tile_columns = std::min(tile, columns),
              patches = tile_rows * tile_columns, group = std::max<idx_t>(1, kWindowsAtOnce / patches);
  PODSCALE_ASSERT(std::ssize(windows.cells) == windows.count * cells && rows * columns == windows.count,
                  "{} x {} of {} windows, {} cells", rows, columns, windows.count, windows.cells.size());
  std::vector<std::vector<idx_t>> all;
  for (const idx_t first_row : tile_starts(rows, tile_rows))
    for (const idx_t first_column : tile_starts(columns, tile_columns)) {
      std::vector<idx_t>& one = all.emplace_back();
      for (idx_t i = 0; i < patches; ++i)
        one.push_back((first_row + i / tile_columns) * columns + first_column + i % tile_columns);
    }
  std::vector<idx_t> last_tile(static_cast<std::size_t>(windows.count));
  for (idx_t t = 0; t < std::ssize(all); ++t)
    for (const idx_t window : all[t]) last_tile[window] = t;

  std::vector<Tiles> result;
  for (idx_t first = 0; first < std::ssize(all); first += group) {
    Tiles& some = result.emplace_back();
    some.rows = tile_rows, some.columns = tile_columns;
    for (idx_t t = first; t < std::min<idx_t>(first + group, std::ssize(all)); ++t)
      for (const idx_t window : all[t]) {
        some.taken.push_back(window);
        some.last.push_back(last_tile[window] == t);
      }
    const idx_t count = std::ssize(some.taken);
    auto mean = torch::empty({count}), contrast = torch::empty({count});
    some.cells = torch::empty({count, cells});
    for (idx_t i = 0; i < count; ++i) {
      const idx_t window = some.taken[i];
      std::copy_n(windows.cells.begin() + window * cells, cells, some.cells.data_ptr<float>() + i * cells);
      mean.data_ptr<float>()[i] = windows.mean[window];
      contrast.data_ptr<float>()[i] = windows.contrast[window];
    }
    some.scalars = window_scalars(mean / range, contrast / range);
  }
  return result;
}

}  // namespace

WindowModel::WindowModel(const WindowModelOptions& options, bool gradients)
    : options(options), turns(options.turns) {
  module = std::make_shared<WindowTransformer>(options);
  module->eval();
  flat = std::make_unique<FlatParameters>(*module, gradients);
}

std::vector<float> WindowModel::weights() const {
  return Network::to_vector(flat->values);
}

void WindowModel::set_weights(const std::vector<float>& values) {
  Network::from_vector(values, flat->values);
}

void WindowModel::correct(const WindowBatch& windows, idx_t rows, idx_t columns, double range,
                          PooledForecast& forecast) const {
  torch::NoGradGuard no_grad;
  const idx_t points = options.shape.points();
  PODSCALE_ASSERT(rows * columns == windows.count && forecast.count == windows.count &&
                      std::ssize(forecast.mean) == windows.count * points && turns >= 1 &&
                      turns <= square_turns,
                  "{} x {} of {} windows, {} forecasts", rows, columns, windows.count, forecast.count);
  for (const Tiles& tiles : tiles_of(options, windows, rows, columns, range)) {
    const idx_t count = std::ssize(tiles.taken);
    auto correction = torch::zeros({count, points}), log_factor = torch::zeros({count});
    for (int turn = 0; turn < turns; ++turn) {
      const auto of_tile = turned_rectangle(tiles.rows, tiles.columns, turn);
      std::vector<idx_t> order;  // of the windows, tile by tile
      for (idx_t t = 0; t < count; t += tiles.rows * tiles.columns)
        for (const idx_t i : of_tile) order.push_back(t + i);
      const auto there = index_tensor(order), back = index_tensor(inverse(order));
      const auto turned = tiles.cells.index_select(0, there).index_select(
          1, index_tensor(turned_square(options.shape.side(), turn)));
      const bool swapped = (turn & 4) != 0;
      const auto features =
          module->features(turned, tiles.scalars.index_select(0, there), swapped ? tiles.columns : tiles.rows,
                           swapped ? tiles.rows : tiles.columns);
      const auto result = module->head(features);
      correction += result.mean.index_select(0, back).index_select(
          1, index_tensor(inverse(turned_square(options.shape.patch, turn))));
      log_factor += result.log_factor.index_select(0, back);
    }
    correction /= turns;
    const auto factor = torch::exp(log_factor / turns);
    // A patch of two tiles takes its correction from the last one, once.
    for (idx_t i = 0; i < count; ++i) {
      if (!tiles.last[i]) continue;
      const idx_t window = tiles.taken[i];
      const float* of_window = correction.data_ptr<float>() + i * points;
      float* to = forecast.mean.data() + window * points;
      for (idx_t p = 0; p < points; ++p) to[p] += windows.contrast[window] * of_window[p];
      forecast.scale[window] *= factor.data_ptr<float>()[i];
    }
  }
}

std::vector<float> WindowModel::residual_member(const WindowBatch& windows, idx_t rows, idx_t columns,
                                                double range, std::uint64_t key, int member) const {
  PODSCALE_ASSERT(options.members, "a network without members");
  torch::NoGradGuard no_grad;
  auto features = torch::empty({windows.count, options.width});
  for (const Tiles& tiles : tiles_of(options, windows, rows, columns, range))
    features.index_copy_(0, index_tensor(tiles.taken),
                         module->features(tiles.cells, tiles.scalars, tiles.rows, tiles.columns));
  auto noise = torch::empty({windows.count, options.modes});
  CounterRandom(key, Stream::sampler)
      .fill_normal(std::span(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel())), 0,
                   static_cast<std::uint32_t>(member), kMemberNoise);
  const Velocity velocity = [&](const torch::Tensor& x, double angle) {
    return module->denoiser().forward(x, features, torch::full({1}, angle), rows, columns);
  };
  const auto z = run_sampler(SamplerKind::angle, kSamplerSteps, noise, velocity, {}).contiguous();
  return {z.data_ptr<float>(), z.data_ptr<float>() + z.numel()};
}

}  // namespace podscale
