// podscale-train: basis.nc and series in, model.h5 out.
#include <filesystem>

#include "podscale/base/checksum.hpp"
#include "podscale/base/error.hpp"
#include "podscale/base/log.hpp"
#include "podscale/diffusion/model.hpp"
#include "podscale/pod/anomaly.hpp"
#include "podscale/pod/basis_builder.hpp"
#include "podscale/pod/token_series.hpp"
#include "program.hpp"
#include "study_options.hpp"
#include "validation_score.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-train";
  info.summary = "Trains the denoiser, data-parallel over ranks";
  info.groups = {"data", "grid", "model", "training", "sampling", "output"};
  info.example = "  mpirun -n 2 podscale-train namelists/ocean.nml --set training.steps=1000";
  info.stops_on_signal = true;
  info.versions = network_versions();
  return run_program(argc, argv, info, [](Context& context) {
    const Communicator& comm = context.comm;
    const Namelist& namelist = context.namelist;
    const std::string basis_path = context.output_path_of("output.basis_file");
    const std::string model_path = context.output_path_of("output.model_file");

    // 1. Basis and series, on the same grid.
    const ModelOptions model = model_options(namelist);
    const TrainingOptions training = training_options(namelist, comm.size());
    const Basis basis = read_basis(comm, basis_path);
    const StudySeries study = open_study(comm, namelist);
    require_same_grid(study.hr.grid(), basis.grid, study.hr.describe(), basis_path);
    require_same_grid(study.lr.grid(), basis.lr_grid, study.lr.describe(), basis_path);
    const auto train = steps_of_period(study.hr, study.lr, namelist, "data.train");
    const auto validate = steps_of_period(study.hr, study.lr, namelist, "data.validate");
    if (context.check || context.dry_run) return 0;
    context.make_output_directory();  // before the work: a folder that cannot be written costs no training
    tune_process(static_cast<int>(namelist.integer("training.threads")));

    // 2. Tokens of the training period, and the validation subset.
    const TokenSeries tokens =
        encode_period(comm, basis, study.hr, study.lr, train, namelist.integer("grid.time_block"));
    const ValidationSubset validation(comm, basis, study, validate,
                                      namelist.integer("training.validation_times"),
                                      static_cast<int>(namelist.integer("training.validation_members")));
    log::info("training on {} times, validation on {} of {}", train.size(), validation.times(),
              validate.size());

    // 3. Training.
    Trainer trainer(comm, basis.layout(comm), model, training, checksum_text(basis.checksum(comm)),
                    model_path, namelist.logical("training.resume"), namelist.effective());
    const SamplerOptions sampler = validation_sampler_options(namelist);
    trainer.set_validation_sampler(sampler);
    const bool finished = trainer.run(
        {tokens.items.size(), tokens.latent, tokens.condition, tokens.year_phase},
        [&](const SampleFunction& sample) { return validation.score(sample); }, stop_requested);

    // 4. What was kept.
    log::info("{}: {} parameters, step {}, best at step {}, peak memory {:.0f} MiB a rank", model_path,
              trainer.parameters(), trainer.step(), trainer.best_step(), comm.max(peak_memory_mib()));
    if (finished) return 0;
    log::warn("stopped at step {} with a checkpoint: run again to go on", trainer.step());
    return static_cast<int>(ExitCode::requeue);
  });
}
