#include "podscale/study/image_batches.hpp"

#include <algorithm>
#include <array>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/mesh/turn.hpp"

namespace podscale {

ImageBatches::ImageBatches(std::vector<ScaledPair> images, const PooledBase& base, int side,
                           std::uint64_t seed)
    : images_(std::move(images)), base_(base), side_(side), seed_(seed), places_{0} {
  const WindowShape& shape = base.shape;
  const idx_t cells = static_cast<idx_t>(side) * shape.patch / shape.factor;
  for (const ScaledPair& image : images_) {
    const idx_t rows = image.lr.ny - cells + 1, columns = image.lr.nx - cells + 1;
    places_.push_back(places_.back() + (rows > 0 && columns > 0 ? rows * columns : 0));
  }
  if (places() == 0)
    fail(ExitCode::data,
         "images.train_files: none of {} images has {} x {} LR cells; expected larger images, a smaller "
         "images.patch or images.blocks = 0",
         images_.size(), cells, cells);
  for (int turn = 0; turn < square_turns; ++turn) {
    turned_tile_.push_back(turned_square(side, turn));
    turned_window_.push_back(turned_square(shape.side(), turn));
    turned_patch_.push_back(turned_square(shape.patch, turn));
  }
}

WindowSamples ImageBatches::draw(long step, idx_t first, idx_t count) const {
  const WindowShape& shape = base_.shape;
  const idx_t patches = static_cast<idx_t>(side_) * side_, cells = shape.cells(), points = shape.points(),
              patch_cells = shape.patch / shape.factor, total = count * patches;
  WindowSamples samples;
  samples.windows.count = total;
  samples.windows.cells.resize(static_cast<std::size_t>(total * cells));
  samples.windows.mean.reserve(static_cast<std::size_t>(total));
  samples.windows.contrast.reserve(static_cast<std::size_t>(total));
  samples.target.resize(static_cast<std::size_t>(total * points));
  float* window = samples.windows.cells.data();
  float* target = samples.target.data();
  const CounterRandom random(seed_, Stream::shuffle);
  std::vector<std::array<idx_t, 2>> corners(static_cast<std::size_t>(patches));
  for (idx_t i = 0; i < count; ++i) {
    const std::uint64_t bits =
        random.integer(static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(first + i));
    const idx_t place = static_cast<idx_t>((bits >> 3) % static_cast<std::uint64_t>(places()));
    const std::size_t turn = bits & 7;
    const idx_t number = std::upper_bound(places_.begin(), places_.end(), place) - places_.begin() - 1;
    const ScaledPair& image = images_[number];
    const idx_t columns = image.lr.nx - side_ * patch_cells + 1, at = place - places_[number];
    for (idx_t j = 0; j < patches; ++j) {
      const idx_t from = turned_tile_[turn][j];
      corners[j] = {at / columns + from / side_ * patch_cells, at % columns + from % side_ * patch_cells};
    }
    const WindowBatch cut = cut_windows(image.lr, shape, corners, 1);
    for (idx_t j = 0; j < patches; ++j) {
      for (const idx_t cell : turned_window_[turn]) *window++ = cut.cells[j * cells + cell];
      const float* patch =
          image.hr.values.data() + corners[j][0] * shape.factor * image.hr.nx + corners[j][1] * shape.factor;
      for (const idx_t point : turned_patch_[turn])
        *target++ = patch[point / shape.patch * image.hr.nx + point % shape.patch];
    }
    samples.windows.mean.insert(samples.windows.mean.end(), cut.mean.begin(), cut.mean.end());
    samples.windows.contrast.insert(samples.windows.contrast.end(), cut.contrast.begin(), cut.contrast.end());
    samples.windows.detail.insert(samples.windows.detail.end(), cut.detail.begin(), cut.detail.end());
  }
  samples.base = base_.forecast(samples.windows, 1);
  return samples;
}

}  // namespace podscale
