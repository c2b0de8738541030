// podscale-basis: HR and LR training series in, basis.nc out.
#include "podscale/core/checksum.hpp"
#include "podscale/core/log.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/fit_season.hpp"
#include "podscale/study/basis_builder.hpp"
#include "program.hpp"

using namespace podscale;

namespace {

/// Sets the condition scale of the basis, too: both come from one encoding of the training period.
LinearGaussian build_base(const Context& context, Basis& basis, const StudySeries& study,
                          const std::vector<StepPair>& train_pairs,
                          const ValidationParts& validation) {
  const Communicator& comm = context.comm;
  const long block = context.namelist.integer("grid.time_block");
  const LinearGaussianOptions options = linear_gaussian_options(context.namelist);
  LinearGaussian base = start_linear_gaussian(comm, options, basis, study.lr, lr_steps(train_pairs), block);
  const LatentSpace space(basis, &base);
  const EncodedPeriod validate = encode_period(comm, space, study, validation.choosing, block);
  {
    const EncodedPeriod train = encode_period(comm, space, study, train_pairs, block);
    set_condition_scale(basis, train.conditions);
    finish_linear_gaussian(comm, options, basis, train, validate, block, base);
    base.season = fit_seasonal_variance(comm, space, train, validate,
                                        static_cast<int>(context.namelist.integer("base.season")), block);
  }
  const EncodedPeriod held_out = encode_period(comm, space, study, validation.held_out, block);
  base.calibration = calibrate(comm, space, study, validate, held_out, base_forecast(space, Factor::without),
                               inflate_from_name(context.namelist.text("base.inflation")), block);
  log::info("base: {} LR values a patch, penalty {} towards {}, {} global modes",
            base.predictors.slots(), base.penalty,
            base.interpolation > 0 ? "interpolation" : "climatology", base.residual.rank);
  log::info("base: {}", base.calibration.text());
  return base;
}

}  // namespace

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-basis";
  info.summary = "Climatologies, patchwise POD basis and linear-Gaussian base of the training period";
  info.groups = {"data", "grid", "patches", "basis", "base", "model", "output"};
  info.example = "  mpirun -n 2 podscale-basis namelists/ocean.nml";
  return run_program(argc, argv, info, [](Context& context) {
    const Communicator& comm = context.comm;
    const std::string path = context.output_path_of("output.basis_file");
    const bool gaussian = context.namelist.text("model.base") == "gaussian";

    // 1. The series and the times that both have.
    const StudySeries study = open_study(comm, context.namelist);
    const auto train = steps_of_period(study.hr, study.lr, context.namelist, "data.train");
    ValidationParts validation;
    if (gaussian)
      validation = split_validation(study.hr.times(),
                                    steps_of_period(study.hr, study.lr, context.namelist, "data.validate"),
                                    context.namelist.real("data.held_out"));
    log::info("HR {}: {} x {}; LR {}: {} x {}; {} common training times", study.hr.describe(),
              study.hr.mesh().ny(), study.hr.mesh().nx(), study.lr.describe(), study.lr.mesh().ny(),
              study.lr.mesh().nx(), train.size());
    require_patches(context.namelist, study.hr);
    if (context.check || context.dry_run) return 0;
    const auto locks = context.claim({path});

    // 2. Climatology, patches, POD.
    Basis basis =
        gaussian ? fit_modes(comm, context.namelist, study) : build_basis(comm, context.namelist, study);

    // 3. The base, and the file.
    if (gaussian) {
      const LinearGaussian base = build_base(context, basis, study, train, validation);
      write_basis(comm, basis, path, base_extras(comm, basis, base));
    } else {
      write_basis(comm, basis, path);
    }
    log::info(
        "{}: {} patches with ocean of {}, {} modes, {:.2f} % of the variance, checksum {}, peak memory "
        "{:.0f} MiB a rank",
        path, basis.patches.patch_of_token.size(), basis.decomposition.patches(), basis.modes,
        100 * basis.explained(comm), checksum_text(basis.checksum(comm)), comm.max(peak_memory_mib()));
    return 0;
  });
}
