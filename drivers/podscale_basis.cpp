// podscale-basis: HR and LR training series in, basis.nc out.
#include "podscale/base/checksum.hpp"
#include "podscale/base/log.hpp"
#include "podscale/pod/basis_builder.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-basis";
  info.summary = "Climatologies and patchwise POD basis of the training period";
  info.groups = {"data", "grid", "patches", "basis", "output"};
  info.example = "  mpirun -n 2 podscale-basis namelists/ocean.nml";
  return run_program(argc, argv, info, [](Context& context) {
    const Communicator& comm = context.comm;
    const std::string path = context.output_path_of("output.basis_file");

    // 1. The series and the times that both have.
    const StudySeries study = open_study(comm, context.namelist);
    const auto pairs = steps_of_period(study.hr, study.lr, context.namelist, "data.train");
    log::info("HR {}: {} x {}; LR {}: {} x {}; {} common training times", study.hr.describe(),
              study.hr.grid().ny(), study.hr.grid().nx(), study.lr.describe(), study.lr.grid().ny(),
              study.lr.grid().nx(), pairs.size());
    if (context.check || context.dry_run) return 0;
    context.make_output_directory();

    // 2. Climatology, patches, POD.
    const Basis basis = build_basis(comm, context.namelist, study);

    // 3. The file, and what is in it.
    write_basis(comm, basis, path);
    log::info(
        "{}: {} patches with ocean of {}, {} modes, {:.2f} % of the variance, checksum {}, peak memory "
        "{:.0f} MiB a rank",
        path, basis.patches.patch_of_token.size(), basis.decomposition.patches(), basis.modes,
        100 * basis.explained(comm), checksum_text(basis.checksum(comm)), comm.max(peak_memory_mib()));
    return 0;
  });
}
