#include "podscale/study/ocean_file.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/parallel/stop_point.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/parallel/decomposition.hpp"

namespace podscale {
namespace {

constexpr float fill = 1e20f;

/// Collective. A file with its definitions and coordinates, ready for fields.
NetcdfFile create_file(const Communicator& comm, const std::string& path, const Mesh& mesh,
                       const OceanSpec& spec, const OceanFiles& files, const std::string& title,
                       const std::vector<std::size_t>& chunks) {
  NetcdfFile file = NetcdfFile::create(comm, path);
  define_samples(file, spec.times, std::max<std::size_t>(512, chunks[0]));
  const MeshNames names = define_mesh(file, mesh);
  for (const Variable& v : ocean_variables(spec)) {
    file.define_variable(v.name, NC_FLOAT, {"time", names.y, names.x}, {chunks, spec.deflate, fill});
    if (!v.standard_name.empty()) file.put_text(v.name, "standard_name", v.standard_name);
    file.describe(v.name, v.long_name, v.units);
    names.describe(file, v.name);
  }
  file.put_text("", "Conventions", "CF-1.8");
  file.put_text("", "title", title);
  file.put_text("", "source", files.source);
  file.put_text("", "history", comm.broadcast(history_line()));
  file.put_text("", "namelist", files.namelist);
  file.end_definitions();
  write_samples(comm, file, spec.times);
  write_mesh(comm, file, mesh);
  return file;
}

}  // namespace

long ocean_time_block(const OceanSpec& spec) {
  // 64 MiB of one HR block over all ranks; at most 64 steps, so that a chunk of a small grid stays
  // a good bite to read.
  const long points = spec.ny * spec.nx, steps = std::ssize(spec.times);
  return std::clamp((16L << 20) / points, 1L, std::min(64L, steps));
}

OceanSummary write_ocean(const Communicator& comm, const OceanSpec& spec, const OceanFiles& files) {
  const Decomposition split(spec.ny, spec.nx, spec.factor, spec.factor, comm.size());
  const Window window = split.window_of(comm.rank());
  const PatchRange blocks = split.patches_of(comm.rank());
  const Window coarse_window{blocks.y0, blocks.ny, blocks.x0, blocks.nx};
  SyntheticOcean ocean(spec, window);
  const Mesh fine_mesh = same_on_all_ranks([&] { return ocean_mesh(spec); });
  const Mesh coarse_mesh = fine_mesh.coarsened(spec.factor);
  const std::vector<Variable> variables = ocean_variables(spec);
  const std::size_t channels = variables.size();

  OceanSummary summary;
  summary.steps = std::ssize(spec.times);
  summary.ocean_points = comm.sum(std::accumulate(ocean.ocean().begin(), ocean.ocean().end(), 0L));
  summary.ocean_share = static_cast<double>(summary.ocean_points) / static_cast<double>(spec.ny * spec.nx);
  comm.agree([&] {
    if (summary.ocean_points == 0)
      fail(ExitCode::data, "&ocean: all {} x {} points are land; lower land_fraction = {}", spec.ny, spec.nx,
           spec.land_fraction);
  });

  const long block = ocean_time_block(spec);
  const std::vector<std::size_t> fine_chunk = split.chunk_shape();
  const std::size_t steps_a_chunk = block;
  const auto at_most = [](idx_t n) { return std::min<std::size_t>(static_cast<std::size_t>(n), 512); };
  NetcdfFile hr = create_file(comm, files.hr, fine_mesh, spec, files, "Synthetic ocean, high resolution",
                              {steps_a_chunk, fine_chunk[0], fine_chunk[1]});
  NetcdfFile lr = create_file(comm, files.lr, coarse_mesh, spec, files, "Synthetic ocean, low resolution",
                              {steps_a_chunk, at_most(coarse_mesh.ny()), at_most(coarse_mesh.nx())});

  const std::size_t points = window.points(), coarse_points = coarse_window.points();
  // Of each channel, so that one call writes the times of a variable.
  std::vector<std::vector<float>> fine(channels, std::vector<float>(points * steps_a_chunk)),
      coarse(channels, std::vector<float>(coarse_points * steps_a_chunk));
  std::vector<float> step_of_all(channels * points);
  const auto land_to_fill = [](std::span<float> values) {
    for (float& value : values)
      if (std::isnan(value)) value = fill;
  };
  Progress progress("ocean", summary.steps, "steps");
  for (long first = 0; first < summary.steps; first += block) {
    const std::size_t count = std::min(block, summary.steps - first);
    stop_point(comm);
    for (std::size_t t = 0; t < count; ++t) {
      ocean.field(first + static_cast<long>(t), step_of_all);
      for (std::size_t c = 0; c < channels; ++c)
        std::copy_n(step_of_all.begin() + static_cast<long>(c * points), points,
                    fine[c].begin() + static_cast<long>(t * points));
    }
    const auto put = [&](NetcdfFile& file, const std::string& name, const Window& w,
                         std::span<const float> values) {
      const bool idle = w.points() == 0;
      const auto n = [](long value) { return static_cast<std::size_t>(value); };
      file.put(name, {idle ? 0 : n(first), n(w.y0), n(w.x0)}, {idle ? 0 : count, n(w.ny), n(w.nx)}, values);
    };
    for (std::size_t c = 0; c < channels; ++c) {
      const auto fine_part = std::span(fine[c]).first(points * count);
      const auto coarse_part = std::span(coarse[c]).first(coarse_points * count);
      if (points > 0)
        block_mean(fine_part, static_cast<long>(count), window.ny, window.nx, spec.factor, coarse_part);
      for (std::size_t t = 0; t < count; ++t)
        add_lr_error(spec, coarse_mesh, coarse_window, first + static_cast<long>(t),
                     coarse_part.subspan(t * coarse_points, coarse_points), static_cast<idx_t>(c));
      if (first == 0 && c == 0)
        summary.lr_ocean_points = comm.sum(static_cast<long>(
            std::count_if(coarse_part.begin(), coarse_part.begin() + static_cast<long>(coarse_points),
                          [](float v) { return !std::isnan(v); })));
      land_to_fill(fine_part);
      land_to_fill(coarse_part);
      put(hr, variables[c].name, window, fine_part);
      put(lr, variables[c].name, coarse_window, coarse_part);
    }
    progress.update(first + static_cast<long>(count));
  }
  hr.complete();
  lr.complete();
  hr.commit();
  lr.commit();
  progress.finish();
  return summary;
}

}  // namespace podscale
