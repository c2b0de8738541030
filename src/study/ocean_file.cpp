#include "podscale/study/ocean_file.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/field/coarsened.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/parallel/decomposition.hpp"

namespace podscale {
namespace {

constexpr float fill = 1e20f;

/// Today's date once, on all ranks: attributes must be the same everywhere.
std::string utc_now(const Communicator& comm) {
  return comm.broadcast(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))));
}

/// Collective. A file with its definitions and coordinates, ready for fields.
NetcdfFile create_file(const Communicator& comm, const std::string& path, const Grid& grid,
                       const OceanSpec& spec, const OceanFiles& files, const std::string& title,
                       const std::vector<std::size_t>& chunks) {
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("time", spec.times.values.size(), true);
  file.define_dimension("lat", grid.lat.size());
  file.define_dimension("lon", grid.lon.size());
  file.define_dimension("bnds", 2);
  file.define_variable("time", NC_DOUBLE, {"time"}, {{std::max<std::size_t>(512, chunks[0])}, 0, {}});
  file.put_text("time", "standard_name", "time");
  file.put_text("time", "units", spec.times.units);
  file.put_text("time", "calendar", calendar_name(spec.times.calendar));
  file.put_text("time", "axis", "T");
  for (const auto& [axis, name, units, letter] :
       {std::array<const char*, 4>{"lat", "latitude", "degrees_north", "Y"},
        {"lon", "longitude", "degrees_east", "X"}}) {
    const std::string bounds = std::string(axis) + "_bnds";
    file.define_variable(axis, NC_DOUBLE, {axis});
    file.put_text(axis, "standard_name", name);
    file.put_text(axis, "units", units);
    file.put_text(axis, "axis", letter);
    file.put_text(axis, "bounds", bounds);
    file.define_variable(bounds, NC_DOUBLE, {axis, "bnds"});
  }
  file.define_variable("tos", NC_FLOAT, {"time", "lat", "lon"}, {chunks, spec.deflate, fill});
  file.put_text("tos", "standard_name", "sea_surface_temperature");
  file.put_text("tos", "long_name", "sea surface temperature of a synthetic ocean");
  file.put_text("tos", "units", "degC");
  file.put_text("", "Conventions", "CF-1.8");
  file.put_text("", "title", title);
  file.put_text("", "source", files.source);
  file.put_text("", "history", utc_now(comm) + " " + files.history);
  file.put_text("", "namelist", files.namelist);
  file.end_definitions();

  const auto put = [&](const std::string& name, std::vector<double> values, std::size_t columns) {
    const std::size_t rows = comm.is_root() ? values.size() / columns : 0;
    std::vector<std::size_t> start{0}, count{rows};
    if (columns == 2) start.push_back(0), count.push_back(rows > 0 ? 2 : 0);
    file.put(name, start, count, std::span<const double>(values).first(rows * columns));
  };
  const auto pairs = [](const std::vector<double>& edges) {
    std::vector<double> result;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) result.insert(result.end(), {edges[i], edges[i + 1]});
    return result;
  };
  put("time", spec.times.values, 1);
  put("lat", grid.lat, 1);
  put("lon", grid.lon, 1);
  put("lat_bnds", pairs(grid.lat_bounds), 2);
  put("lon_bnds", pairs(grid.lon_bounds), 2);
  return file;
}

}  // namespace

long ocean_time_block(const OceanSpec& spec) {
  // 64 MiB of one HR block over all ranks; at most 64 steps, so that a chunk of a small grid stays a good
  // bite to read.
  const long points = spec.ny * spec.nx, steps = static_cast<long>(spec.times.values.size());
  return std::clamp((16L << 20) / points, 1L, std::min(64L, steps));
}

OceanSummary write_ocean(const Communicator& comm, const OceanSpec& spec, const OceanFiles& files) {
  const Decomposition split(spec.ny, spec.nx, spec.factor, spec.factor, comm.size());
  const Window window = split.window_of(comm.rank());
  const PatchRange blocks = split.patches_of(comm.rank());
  const Window coarse_window{blocks.y0, blocks.ny, blocks.x0, blocks.nx};
  SyntheticOcean ocean(spec, window);
  const Grid coarse_grid = coarsen_grid(ocean.grid(), spec.factor);

  OceanSummary summary;
  summary.steps = static_cast<long>(spec.times.values.size());
  summary.ocean_points = comm.sum(std::accumulate(ocean.ocean().begin(), ocean.ocean().end(), 0L));
  summary.ocean_share = static_cast<double>(summary.ocean_points) / static_cast<double>(spec.ny * spec.nx);
  comm.agree([&] {
    if (summary.ocean_points == 0)
      fail(ExitCode::data, "&ocean: all {} x {} points are land; lower land_fraction = {}", spec.ny, spec.nx,
           spec.land_fraction);
  });

  const long block = ocean_time_block(spec);
  const std::vector<std::size_t> fine_chunk = split.chunk_shape();
  const std::size_t steps_a_chunk = static_cast<std::size_t>(block);
  const std::size_t coarse_ny = coarse_grid.lat.size(), coarse_nx = coarse_grid.lon.size();
  NetcdfFile hr = create_file(comm, files.hr, ocean.grid(), spec, files, "Synthetic ocean, high resolution",
                              {steps_a_chunk, fine_chunk[0], fine_chunk[1]});
  NetcdfFile lr = create_file(
      comm, files.lr, coarse_grid, spec, files, "Synthetic ocean, low resolution",
      {steps_a_chunk, std::min<std::size_t>(coarse_ny, 512), std::min<std::size_t>(coarse_nx, 512)});

  const auto points = static_cast<std::size_t>(window.points()),
             coarse_points = static_cast<std::size_t>(coarse_window.points());
  std::vector<float> fine(points * steps_a_chunk), coarse(coarse_points * steps_a_chunk);
  const auto land_to_fill = [](std::span<float> values) {
    for (float& value : values)
      if (std::isnan(value)) value = fill;
  };
  Progress progress("ocean", summary.steps, "steps");
  for (long first = 0; first < summary.steps; first += block) {
    const auto count = static_cast<std::size_t>(std::min(block, summary.steps - first));
    const auto fine_part = std::span(fine).first(points * count);
    const auto coarse_part = std::span(coarse).first(coarse_points * count);
    for (std::size_t t = 0; t < count; ++t)
      ocean.field(first + static_cast<long>(t), fine_part.subspan(t * points, points));
    if (points > 0)
      block_mean(fine_part, static_cast<long>(count), window.ny, window.nx, spec.factor, coarse_part);
    for (std::size_t t = 0; t < count; ++t)
      add_lr_error(spec, coarse_grid, coarse_window, first + static_cast<long>(t),
                   coarse_part.subspan(t * coarse_points, coarse_points));
    if (first == 0)
      summary.lr_ocean_points = comm.sum(static_cast<long>(
          std::count_if(coarse_part.begin(), coarse_part.begin() + static_cast<long>(coarse_points),
                        [](float v) { return !std::isnan(v); })));
    land_to_fill(fine_part);
    land_to_fill(coarse_part);
    const auto put = [&](NetcdfFile& file, const Window& w, std::span<const float> values) {
      const bool idle = w.points() == 0;
      const auto n = [](long value) { return static_cast<std::size_t>(value); };
      file.put("tos", {idle ? 0 : n(first), n(w.y0), n(w.x0)}, {idle ? 0 : count, n(w.ny), n(w.nx)}, values);
    };
    put(hr, window, fine_part);
    put(lr, coarse_window, coarse_part);
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
