#include "window_model.hpp"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "network.hpp"
#include "podscale/core/error.hpp"
#include "podscale/mesh/turn.hpp"

namespace podscale {
namespace {

constexpr idx_t kWindowsAtOnce = 2048;

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

/// turned_square() of a rectangle of rows x columns: what comes to each place of the turned one, whose
/// rows are the columns of this one where turn & 4.
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
  const idx_t cells = options.shape.cells(), points = options.shape.points();
  PODSCALE_ASSERT(rows * columns == windows.count && forecast.count == windows.count &&
                      std::ssize(windows.cells) == windows.count * cells &&
                      std::ssize(forecast.mean) == windows.count * points && turns >= 1 && turns <= square_turns,
                  "{} x {} of {} windows, {} forecasts", rows, columns, windows.count, forecast.count);
  // Without attention every window is a tile.
  const idx_t tile = options.blocks > 0 ? options.tile : 1;
  const idx_t tile_rows = std::min(tile, rows), tile_columns = std::min(tile, columns),
              patches = tile_rows * tile_columns;
  std::vector<std::vector<idx_t>> tiles;
  for (const idx_t first_row : tile_starts(rows, tile_rows))
    for (const idx_t first_column : tile_starts(columns, tile_columns)) {
      std::vector<idx_t>& one = tiles.emplace_back();
      for (idx_t i = 0; i < patches; ++i)
        one.push_back((first_row + i / tile_columns) * columns + first_column + i % tile_columns);
    }

  const idx_t group = std::max<idx_t>(1, kWindowsAtOnce / patches);
  for (idx_t first = 0; first < std::ssize(tiles); first += group) {
    std::vector<idx_t> taken;
    for (idx_t t = first; t < std::min<idx_t>(first + group, std::ssize(tiles)); ++t)
      taken.insert(taken.end(), tiles[t].begin(), tiles[t].end());
    const idx_t count = std::ssize(taken);
    auto x = torch::empty({count, cells}), mean = torch::empty({count}), contrast = torch::empty({count});
    for (idx_t i = 0; i < count; ++i) {
      std::copy_n(windows.cells.begin() + taken[i] * cells, cells, x.data_ptr<float>() + i * cells);
      mean.data_ptr<float>()[i] = windows.mean[taken[i]];
      contrast.data_ptr<float>()[i] = windows.contrast[taken[i]];
    }
    const auto scalars = window_scalars(mean / range, contrast / range);
    auto correction = torch::zeros({count, points}), log_factor = torch::zeros({count});
    for (int turn = 0; turn < turns; ++turn) {
      const auto of_tile = turned_rectangle(tile_rows, tile_columns, turn);
      std::vector<idx_t> order;  // of the windows, tile by tile
      for (idx_t t = 0; t < count; t += patches)
        for (const idx_t i : of_tile) order.push_back(t + i);
      const auto there = index_tensor(order), back = index_tensor(inverse(order));
      const auto turned = x.index_select(0, there).index_select(
          1, index_tensor(turned_square(options.shape.side(), turn)));
      const bool swapped = (turn & 4) != 0;
      const auto features =
          module->features(turned, scalars.index_select(0, there), swapped ? tile_columns : tile_rows,
                           swapped ? tile_rows : tile_columns);
      const auto result = module->head(features);
      correction += result.mean.index_select(0, back).index_select(
          1, index_tensor(inverse(turned_square(options.shape.patch, turn))));
      log_factor += result.log_factor.index_select(0, back);
    }
    correction /= turns;
    const auto factor = torch::exp(log_factor / turns);
    for (idx_t i = 0; i < count; ++i) {
      const float* of_window = correction.data_ptr<float>() + i * points;
      float* to = forecast.mean.data() + taken[i] * points;
      for (idx_t p = 0; p < points; ++p) to[p] += windows.contrast[taken[i]] * of_window[p];
      forecast.scale[taken[i]] *= factor.data_ptr<float>()[i];
    }
  }
}

std::vector<float> WindowModel::residual_member(const WindowBatch& windows, idx_t, idx_t, std::uint64_t,
                                                int) const {
  fail(ExitCode::usage, "{} windows: this network was not trained to make members", windows.count);
}

}  // namespace podscale
