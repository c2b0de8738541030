// podscale-downscale: basis.nc, model.h5 and LR series in, product.nc out.
#include "downscale_run.hpp"
#include "podscale/base/checksum.hpp"
#include "podscale/base/log.hpp"
#include "podscale/pod/anomaly.hpp"
#include "podscale/pod/basis_builder.hpp"
#include "program.hpp"
#include "study_options.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-downscale";
  info.summary = "Downscaled mean, variance and members of an LR series, as CF NetCDF";
  info.groups = {"data", "model", "training", "sampling", "output"};
  info.example = "  mpirun -n 2 podscale-downscale namelists/ocean.nml --set sampling.members=24";
  info.stops_on_signal = true;
  info.versions = network_versions();
  return run_program(argc, argv, info, [](Context& context) {
    const Communicator& comm = context.comm;
    const Namelist& namelist = context.namelist;
    const std::string basis_path = context.output_path_of("output.basis_file");

    // 1. Basis, model and the LR steps of the period.
    const Basis basis = read_basis(comm, basis_path);
    const Model model = Model::load(comm, context.output_path_of("output.model_file"), basis.layout(comm),
                                    checksum_text(basis.checksum(comm)), namelist.text("model.device"));
    const LowResolution lr = LowResolution::open(comm, namelist);
    require_same_grid(lr.grid(), basis.lr_grid, lr.describe(), basis_path);
    const auto steps = lr_steps_of_period(lr, namelist, "data.downscale");
    log::info("{}: {} times of {}, {} members of {} parameters",
              context.output_path_of("output.product_file"), steps.size(), lr.describe(),
              namelist.integer("sampling.members"), model.parameters());
    if (context.check || context.dry_run) return 0;
    context.make_output_directory();
    tune_process(static_cast<int>(namelist.integer("training.threads")));

    // 2. Sampling, decoding, writing, a block of times at a time.
    downscale(context, basis, model, lr, steps);
    log::info("peak memory {:.0f} MiB a rank", comm.max(peak_memory_mib()));
    return 0;
  });
}
