#include "podscale/field/array_source.hpp"

#include "podscale/core/error.hpp"

namespace podscale {
ArraySource::ArraySource(const Communicator& comm, Mesh mesh, SampleAxis times, std::vector<float> values,
                         std::vector<Variable> variables)
    : comm_(&comm),
      mesh_(std::move(mesh)),
      times_(std::move(times)),
      values_(std::move(values)),
      variables_(std::move(variables)) {
  PODSCALE_ASSERT(std::ssize(values_) == mesh_.points() * channels() * std::ssize(times_),
                  "{} values for {} times of {} channels and {} points", values_.size(), times_.size(),
                  channels(), mesh_.points());
}

void ArraySource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const idx_t each = channels() * window.points(), nx = mesh_.nx(), times = std::ssize(times_);
  PODSCALE_ASSERT(std::ssize(out) == std::ssize(steps) * each,
                  "{} values for {} steps of {} channels and {} points", out.size(), steps.size(), channels(),
                  window.points());
  if (each == 0) return;
  PODSCALE_ASSERT(contains(mesh_, {0, mesh_.ny(), 0, nx}, window), "rows {}+{}, columns {}+{} of {}",
                  window.y0, window.ny, window.x0, window.nx, mesh_.describe());
  float* to = out.data();
  for (const long step : steps) {
    PODSCALE_ASSERT(step >= 0 && step < times, "step {} of {}", step, times);
    for (idx_t c = 0; c < channels(); ++c) {
      const float* from = values_.data() + (step * channels() + c) * mesh_.points();
      for (idx_t j = 0; j < window.ny; ++j)
        for (idx_t i = 0; i < window.nx; ++i) *to++ = from[point_of(mesh_, window, j, i)];
    }
  }
}

}  // namespace podscale
