// podscale-ocean: a synthetic ocean to try everything with.
//
//   mpirun -n 2 podscale-ocean namelists/ocean.nml
//   podscale-ocean namelists/ocean.nml --set ocean.nx=1024 --set ocean.ny=1024 --set
//   ocean.last_date=2000-12-31
#include "podscale/core/log.hpp"
#include "podscale/study/ocean_file.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  const ProgramInfo info{.name = "podscale-ocean",
                         .summary = "Makes a synthetic ocean: HR and LR series as CF NetCDF.",
                         .groups = {"ocean", "output"},
                         .example = "  mpirun -n 2 podscale-ocean namelists/ocean.nml",
                         .options = {},
                         .versions = {}};
  return run_program(argc, argv, info, [](Context& context) {
    // 1. What is asked for.
    OceanSpec spec;
    OceanFiles files;
    context.comm.agree([&] {
      spec = ocean_spec(context.namelist);
      files = {context.output_path_of("ocean.hr_file"), context.output_path_of("ocean.lr_file"),
               context.namelist.effective({"ocean"}), "podscale-ocean " + context.namelist.source(),
               "podscale " + version() + ", synthetic"};
    });
    const double bytes = 4.0 * static_cast<double>(spec.ny) * static_cast<double>(spec.nx);
    log::info(
        "ocean: {} x {} points, {} times, {:.1f} MiB uncompressed; "
        "{} times at once, {:.1f} MiB over all ranks",
        spec.ny, spec.nx, spec.times.values.size(),
        bytes * static_cast<double>(spec.times.values.size()) / 1048576, ocean_time_block(spec),
        bytes * static_cast<double>(ocean_time_block(spec)) / 1048576);
    if (context.check || context.dry_run) return 0;

    // 2. Both files, written in parallel and renamed into place when complete.
    const auto locks = context.claim({files.hr, files.lr});
    const OceanSummary summary = write_ocean(context.comm, spec, files);

    // 3. What came out.
    log::info("ocean: {} of the points are sea ({:.0f} %), {} of the LR blocks", summary.ocean_points,
              100 * summary.ocean_share, summary.lr_ocean_points);
    log::info("ocean: wrote {} and {}", files.hr, files.lr);
    return 0;
  });
}
