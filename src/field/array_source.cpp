#include "podscale/field/array_source.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// Rows of whole fields to a window whose columns count modulo nx where the grid is periodic.
void pick(const Grid& grid, const Window& window, const float* rows, float* out) {
  const long nx = grid.nx();
  for (long j = 0; j < window.ny; ++j)
    for (long i = 0; i < window.nx; ++i) *out++ = rows[j * nx + ((window.x0 + i) % nx + nx) % nx];
}

}  // namespace

ArraySource::ArraySource(const Communicator& comm, Grid grid, TimeAxis times, std::vector<float> values)
    : comm_(&comm), grid_(std::move(grid)), mesh_(mesh_of(grid_)), times_(std::move(times)), values_(std::move(values)) {
  PODSCALE_ASSERT(
      static_cast<long>(values_.size()) == grid_.points() * static_cast<long>(times_.dates.size()),
      "{} values for {} times of {} points", values_.size(), times_.dates.size(), grid_.points());
}

void ArraySource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  for (std::size_t t = 0; t < steps.size() && window.points() > 0; ++t)
    pick(grid_, window, values_.data() + steps[t] * grid_.points() + window.y0 * grid_.nx(),
         out.data() + static_cast<long>(t) * window.points());
}

SyntheticSource::SyntheticSource(const Communicator& comm, OceanSpec spec)
    : comm_(&comm), spec_(std::move(spec)), grid_(SyntheticOcean(spec_, {}).grid()), mesh_(mesh_of(grid_)) {}

void SyntheticSource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  if (window.points() == 0) return;
  // Where the window lies across the cut, whole rows.
  const bool inside = window.x0 >= 0 && window.x0 + window.nx <= grid_.nx();
  const Window computed = inside ? window : Window{window.y0, window.ny, 0, grid_.nx()};
  SyntheticOcean ocean(spec_, computed);
  std::vector<float> rows(static_cast<std::size_t>(computed.points()));
  for (std::size_t t = 0; t < steps.size(); ++t) {
    float* target = out.data() + static_cast<long>(t) * window.points();
    ocean.field(steps[t], rows);
    if (inside)
      std::copy(rows.begin(), rows.end(), target);
    else
      pick(grid_, window, rows.data(), target);
  }
}

}  // namespace podscale
