#include "podscale/field/array_source.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// Columns of rows of nx that may count modulo nx.
void pick(const Window& window, idx_t nx, const float* rows, float* out) {
  for (idx_t j = 0; j < window.ny; ++j)
    for (idx_t i = 0; i < window.nx; ++i)
      *out++ = rows[(window.y0 + j) * nx + (((window.x0 + i) % nx) + nx) % nx];
}

}  // namespace

ArraySource::ArraySource(const Communicator& comm, Mesh mesh, SampleAxis times, std::vector<float> values,
                         std::vector<Variable> variables)
    : comm_(&comm),
      mesh_(std::move(mesh)),
      times_(std::move(times)),
      values_(std::move(values)),
      variables_(std::move(variables)) {
  PODSCALE_ASSERT(static_cast<idx_t>(values_.size()) ==
                      mesh_.points() * channels() * static_cast<idx_t>(times_.size()),
                  "{} values for {} times of {} channels and {} points", values_.size(), times_.size(),
                  channels(), mesh_.points());
}

void ArraySource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  for (std::size_t t = 0; t < steps.size() && window.points() > 0; ++t)
    for (idx_t c = 0; c < channels(); ++c)
      pick(window, mesh_.nx(), values_.data() + (steps[t] * channels() + c) * mesh_.points(),
           out.data() + (static_cast<idx_t>(t) * channels() + c) * window.points());
}

SyntheticSource::SyntheticSource(const Communicator& comm, OceanSpec spec)
    : comm_(&comm),
      spec_(std::move(spec)),
      mesh_(ocean_mesh(spec_)),
      variables_(ocean_variables(spec_)) {}

void SyntheticSource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  if (window.points() == 0) return;
  // Where the window lies across the cut, whole rows.
  const bool inside = window.x0 >= 0 && window.x0 + window.nx <= mesh_.nx();
  const Window computed = inside ? window : Window{window.y0, window.ny, 0, mesh_.nx()};
  SyntheticOcean ocean(spec_, computed);
  std::vector<float> rows(static_cast<std::size_t>(computed.points() * channels()));
  for (std::size_t t = 0; t < steps.size(); ++t) {
    ocean.field(steps[t], rows);
    for (idx_t c = 0; c < channels(); ++c)
      pick({0, window.ny, inside ? 0 : window.x0, window.nx}, computed.nx,
           rows.data() + c * computed.points(),
           out.data() + (static_cast<idx_t>(t) * channels() + c) * window.points());
  }
}

}  // namespace podscale
