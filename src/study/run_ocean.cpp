#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "podscale/study/ocean_file.hpp"
#include "podscale/study/runs.hpp"

namespace podscale {

int run_ocean(const Context& context) {
  // 1. What is asked for.
  const OceanOptions& options = context.options.ocean;
  OceanSpec spec;
  context.comm.agree([&] { spec = ocean_spec(options); });
  const OceanFiles files{options.hr_file.get(), options.lr_file.get(), options.effective,
                         "podscale " + version() + ", synthetic"};
  const double bytes = 4.0 * static_cast<double>(spec.ny) * static_cast<double>(spec.nx) *
                       static_cast<double>(ocean_variables(spec).size());
  log::info(
      "ocean: {} x {} points, {} times, {:.1f} MiB uncompressed; "
      "{} times at once, {:.1f} MiB over all ranks",
      spec.ny, spec.nx, spec.times.size(), bytes * static_cast<double>(spec.times.size()) / 1048576,
      ocean_time_block(spec), bytes * static_cast<double>(ocean_time_block(spec)) / 1048576);
  std::vector<std::string> outputs{files.hr, files.lr};
  if (!options.forecasts.path.empty())
    for (const std::string& path :
         same_on_all_ranks([&] { return ocean_forecast_paths(options.forecasts, spec.times); }))
      outputs.push_back(path);
  if (context.check) return 0;

  // 2. Both files, written in parallel and renamed into place when complete.
  const auto locks = context.claim(outputs);
  const OceanSummary summary = write_ocean(context.comm, spec, files);
  log::info("ocean: {} of the points are sea ({:.0f} %), {} of the LR blocks", summary.ocean_points,
            100 * summary.ocean_share, summary.lr_ocean_points);
  log::info("ocean: wrote {} and {}", files.hr, files.lr);
  if (options.forecasts.path.empty()) return 0;

  // 3. Forecasts, from the LR file.
  const auto paths =
      write_ocean_forecasts(context.comm, files.lr, spec.variable, options.forecasts, files.source);
  log::info("ocean: wrote {} file{} of forecasts, {} ... {}", paths.size(), paths.size() == 1 ? "" : "s",
            paths.front(), paths.back());
  return 0;
}

}  // namespace podscale
