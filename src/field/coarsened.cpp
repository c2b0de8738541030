#include "podscale/field/coarsened.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"

namespace podscale {

Coarsened::Coarsened(std::shared_ptr<const FieldSource> fine, int factor)
    : fine_(std::move(fine)), factor_(factor) {
  comm().agree([&] {
    const Mesh& mesh = fine_->mesh();
    if (factor > mesh.ny() || factor > mesh.nx())
      fail(ExitCode::data, "data.coarsen_factor = {}: {} has only {} x {} points; expected a smaller factor",
           factor, fine_->describe(), mesh.ny(), mesh.nx());
    if (mesh.periodic() && mesh.nx() % factor != 0)
      fail(ExitCode::data,
           "data.coarsen_factor = {}: does not divide the {} longitudes of the periodic mesh of {}; choose "
           "one that does",
           factor, mesh.nx(), fine_->describe());
  });
  mesh_ = fine_->mesh().coarsened(factor);
}

std::string Coarsened::describe() const {
  return fmt::format("{} x {} block means of {}", factor_, factor_, fine_->describe());
}

/// Collective. A rank that knows the mask of its window takes part where another does not.
const std::vector<unsigned char>& Coarsened::fine_mask(const Window& fine) const {
  auto known = std::find_if(masks_.begin(), masks_.end(), [&](const auto& m) { return m.first == fine; });
  if (comm().max(known == masks_.end() ? 1 : 0) != 0) {
    auto mask = fine_->land_mask(fine);
    const Mesh& mesh = fine_->mesh();
    for (idx_t p = 0; p < fine.points(); ++p)
      if (const idx_t point = point_of(mesh, fine, p / fine.nx, p % fine.nx); mesh.owner(point) != point)
        mask[p] = 0;
    if (known == masks_.end()) known = masks_.insert(masks_.end(), {fine, std::move(mask)});
  }
  return known->second;
}

void Coarsened::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const Mesh& fine_mesh = fine_->mesh();
  Window fine{window.y0 * factor_, window.ny * factor_, window.x0 * factor_, window.nx * factor_};
  fine.ny = std::min(fine.ny, fine_mesh.ny() - fine.y0);
  if (!fine_mesh.periodic()) fine.nx = std::min(fine.nx, fine_mesh.nx() - fine.x0);
  if (window.points() == 0) fine = {};
  const std::vector<unsigned char>& ocean = fine_mask(fine);
  // A few steps at a time: the fine fields are factor^2 times larger than what is asked for.
  const long n = fine.points() * channels();
  const std::size_t coarse = window.points() * channels();
  const std::size_t block = std::max(1l, (16l << 20) / std::max(1l, comm().max(n)));
  std::vector<float> values;
  for (std::size_t first = 0; first < steps.size(); first += block) {
    const auto part = steps.subspan(first, std::min(block, steps.size() - first));
    values.resize(static_cast<std::size_t>(n) * part.size());
    fine_->read(fine, part, values);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!ocean[i % ocean.size()]) values[i] = std::numeric_limits<float>::quiet_NaN();
    block_mean(values, std::ssize(part) * channels(), fine.ny, fine.nx, factor_,
               out.subspan(first * coarse, part.size() * coarse));
  }
}

void block_mean(std::span<const float> fine, long steps, long fine_ny, long fine_nx, int factor,
                std::span<float> coarse) {
  const long ny = (fine_ny + factor - 1) / factor, nx = (fine_nx + factor - 1) / factor;
  PODSCALE_ASSERT(std::ssize(fine) == steps * fine_ny * fine_nx && std::ssize(coarse) == steps * ny * nx,
                  "sizes {} and {}", fine.size(), coarse.size());
  for (long t = 0; t < steps; ++t)
    for (long j = 0; j < ny; ++j)
      for (long i = 0; i < nx; ++i) {
        double sum = 0;
        long count = 0;
        for (long y = j * factor; y < std::min(fine_ny, (j + 1) * factor); ++y)
          for (long x = i * factor; x < std::min(fine_nx, (i + 1) * factor); ++x) {
            const float value = fine[(t * fine_ny + y) * fine_nx + x];
            if (!std::isnan(value)) sum += value, ++count;
          }
        coarse[(t * ny + j) * nx + i] = count > 0 ? static_cast<float>(sum / static_cast<double>(count))
                                                  : std::numeric_limits<float>::quiet_NaN();
      }
}

}  // namespace podscale
