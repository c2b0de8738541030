// podscale-downscale: basis.nc, model.h5 (unless the base is used alone) and LR series in, product.nc out.
#include "podscale/study/downscale_run.hpp"
#include "podscale/core/log.hpp"
#include "podscale/network/model.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_builder.hpp"
#include "podscale/study/options.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-downscale";
  info.summary = "Downscaled mean, variance and members of an LR series, as CF NetCDF";
  info.groups = {"data", "model", "training", "sampling", "regions", "output"};
  info.example = "  mpirun -n 2 podscale-downscale namelists/ocean.nml --set sampling.uncertainty=base";
  info.stops_on_signal = true;
  info.versions = network_backend().versions;
  return run_program(argc, argv, info, [](Context& context) {
    const Communicator& comm = context.comm;
    const Namelist& namelist = context.namelist;
    const std::string basis_path = context.output_path_of("output.basis_file");

    // 1. Basis, model and the LR steps of the period.
    network_backend().tune_process(static_cast<int>(namelist.integer("training.threads")));
    const Foundation foundation(comm, basis_path, namelist);
    const Forecaster forecaster(comm, foundation, namelist, context.output_path_of("output.model_file"),
                                network_backend());
    const auto owner = open_lr(comm, namelist, nullptr, &foundation.basis.variables);
    const FieldSource& lr = *owner;
    require_same_mesh(lr.mesh(), foundation.basis.lr_mesh, lr.describe(), basis_path);
    const auto steps = lr_steps_of_period(lr, namelist, "data.downscale");
    log::info("{}: {} times of {}, {}", context.output_path_of("output.product_file"), steps.size(),
              lr.describe(), forecaster.description());
    const DownscaleOptions options = downscale_options(context, foundation);
    warn_of_damping(namelist);
    if (context.check || context.dry_run) return 0;
    const auto locks = context.claim({context.output_path_of("output.product_file")});

    // 2. Forecasting, decoding, writing, a block of times at a time.
    downscale(context, foundation, forecaster, options, lr, steps);
    log::info("peak memory {:.0f} MiB a rank", comm.max(peak_memory_mib()));
    return 0;
  });
}
