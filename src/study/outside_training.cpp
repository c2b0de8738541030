#include "podscale/study/outside_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace podscale {

void OutsideTraining::add(std::span<const std::size_t> times, std::span<const float> condition) {
  const Basis& basis = space_->basis();
  const ReferenceForecast& reference = space_->reference();
  const Predictors& predictors = reference.predictors;
  const std::size_t local = basis.patches.mine.size(), width = space_->condition_width(),
                    cells = predictors.cells.slots(), slots = predictors.slots();
  const std::vector<double>& scale = reference.condition_scale(basis);
  if (slots == 0 || local == 0) return;
  for (std::size_t p = 0; p < local; ++p) {
    const double *rms = scale.data() + p * width, *range = reference.predictor_range.data() + p * width;
    // Of every channel.
    std::vector<double> typical(predictors.channels, 0.0);
    for (std::size_t i = 0; i < slots; ++i) {
      double& largest = typical[i / cells % typical.size()];
      largest = std::max(largest, rms[i]);
    }
    for (std::size_t t = 0; t < times.size(); ++t)
      for (std::size_t i = 0; i < slots; ++i) {
        const double value = static_cast<double>(condition[(t * local + p) * width + i]),
                     size = std::abs(value);
        if (size <= std::max({2 * range[i], 5 * rms[i], typical[i / cells % typical.size()]})) continue;
        const idx_t cell = predictors.cells.point(
            predictors.cells.cells()(static_cast<idx_t>(p), static_cast<idx_t>(i % cells)));
        times_.insert(times[t]);
        cells_.insert(cell);
        // Cells that never varied last.
        const double over = size / std::max(range[i], 1e-3 * size), so_far = worst_;
        worst_ = std::max(worst_, over);
        if (over <= so_far) continue;
        const double unit = basis.channel_scale[i / cells % typical.size()];
        where_ = {times[t], cell};
        value_ = unit * value;
        range_ = unit * range[i];
      }
  }
}

std::string OutsideTraining::text(const Communicator& comm, const SampleAxis& axis,
                                  const std::string& what) const {
  const Mesh& mesh = space_->basis().lr_mesh;
  std::vector<unsigned char> seen(axis.size() + static_cast<std::size_t>(mesh.points()));
  for (const std::size_t t : times_) seen[t] = 1;
  for (const idx_t cell : cells_) seen[axis.size() + static_cast<std::size_t>(cell)] = 1;
  std::vector<int> all(seen.begin(), seen.end());
  comm.max(std::span(all));
  const auto times = std::count(all.begin(), all.begin() + std::ssize(axis.samples), 1),
             cells = std::count(all.begin() + std::ssize(axis.samples), all.end(), 1);
  if (times == 0) return "";
  const double worst = comm.max(worst_);
  // Of ranks with the same, the first in time and place.
  const long points = mesh.points(), mine = static_cast<long>(where_.first) * points + where_.second,
             none = std::ssize(axis.samples) * points;
  const long at = comm.min(worst_ == worst ? mine : none);
  const bool here = worst_ == worst && mine == at;
  std::array<double, 2> found{here ? value_ : -1e300, here ? range_ : -1e300};
  comm.max(std::span(found));
  const Position place = mesh.position(at % points);
  return fmt::format(
      "{}: {} of {} times have anomalies far outside of data.train, in {} LR cells; the largest is {:.4g}, "
      "{} at {:.2f}, {:.2f}, where those of data.train reach {:.3g}: the forecast is extrapolated there, and "
      "its std grows with the distance; look for wrong values or units",
      what, times, axis.size(), cells, found[0], date_text(axis[static_cast<std::size_t>(at / points)].date),
      place.y, place.x, found[1]);
}

}  // namespace podscale
