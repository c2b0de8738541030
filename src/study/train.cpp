#include "podscale/study/train.hpp"

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/foundation.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/token_series.hpp"
#include "podscale/study/validation_score.hpp"

namespace podscale {
namespace {

/// Calibrates the forecast that sampling.uncertainty names, with the weights in model.h5; the other keeps
/// what the file has.
void calibrate_model(const Context& context, const Foundation& foundation, const StudySeries& study,
                     const std::vector<StepPair>& validate, const NetworkBackend& backend,
                     NetworkTrainer& trainer) {
  const Communicator& comm = context.comm;
  const Namelist& n = context.namelist;
  const bool head = n.text("sampling.uncertainty") == "head";
  const auto model =
      backend.load(comm, context.output_path_of("output.model_file"), foundation.space.layout(comm),
                   foundation.space.checksum(comm), n.text("model.device"));
  const NetworkFunctions network = model->functions(sampler_options(n));
  const ForecastFunction forecast = head
                                        ? head_forecast(comm, foundation.space, network.head, Factor::without)
                                        : ensemble_forecast(comm, foundation.space, ensemble_plan(n),
                                                            network.sample, control_variate_seed(n));
  const EncodedPeriod period =
      encode_period(comm, foundation.space, study, spread(validate, n.integer("sampling.calibration_times")),
                    n.integer("grid.time_block"));
  Calibration c =
      calibrate(comm, foundation.space, study, period, forecast, inflate_from_name(n.text("base.inflation")),
                n.integer("sampling.time_block"), stop_requested);
  c.forecast = calibrated_forecast(n);
  log::info("{}: {}", head ? "head" : "ensemble", c.text());
  trainer.set_calibrations(head ? c : model->calibration(true), head ? model->calibration(false) : c);
  trainer.save();
}

}  // namespace

int train(const Context& context, const NetworkBackend& backend) {
  const Communicator& comm = context.comm;
  const Namelist& namelist = context.namelist;
  const std::string basis_path = context.output_path_of("output.basis_file");
  const std::string model_path = context.output_path_of("output.model_file");
  const long block = namelist.integer("grid.time_block");

  // 1. Basis, base and series, on the same grid.
  if (namelist.text("sampling.uncertainty") == "base")
    throw Error(ExitCode::usage,
                namelist.source() +
                    ": sampling.uncertainty = 'base' needs no network; run podscale-downscale "
                    "at once, or choose 'head' or 'ensemble' to train",
                true);
  const ModelOptions model = model_options(namelist);
  const TrainingOptions training = training_options(namelist, comm.size());
  const Foundation foundation(comm, basis_path, namelist);
  const StudySeries study = open_study(comm, namelist);
  require_same_grid(study.hr.grid(), foundation.basis.grid, study.hr.describe(), basis_path);
  require_same_grid(study.lr.grid(), foundation.basis.lr_grid, study.lr.describe(), basis_path);
  const auto train = steps_of_period(study.hr, study.lr, namelist, "data.train");
  const auto validate = steps_of_period(study.hr, study.lr, namelist, "data.validate");
  warn_of_damping(namelist);
  if (context.check || context.dry_run) return 0;
  context.make_output_directory();  // before the work: a folder that cannot be written costs no training
  backend.tune_process(static_cast<int>(namelist.integer("training.threads")));

  // 2. Latents of the training period, and the validation subset.
  const TokenSeries tokens =
      token_series(comm, foundation.space, encode_period(comm, foundation.space, study, train, block), block);
  const auto subset = spread(validate, namelist.integer("training.validation_times"));
  const Inflation inflation = foundation.base ? foundation.base->calibration.inflation : Inflation{};
  const ValidationSubset validation(comm, foundation.space, study, subset,
                                    static_cast<int>(namelist.integer("training.validation_members")),
                                    static_cast<std::uint64_t>(namelist.integer("sampling.seed")),
                                    namelist.text("sampling.uncertainty") == "head", inflation);
  log::info("training on {} times, validation on {} of {}", train.size(), subset.size(), validate.size());

  // 3. Training.
  const auto trainer = backend.trainer(comm, foundation.space.layout(comm), model, training, foundation.space.checksum(comm),
                  model_path, namelist.logical("training.resume"), namelist.effective());
  trainer->set_validation_sampler(validation_sampler_options(namelist));
  trainer->set_criterion(selection_criterion(namelist, inflation));
  const bool finished = trainer->run(
      {tokens.items.size(), tokens.latent, tokens.condition, tokens.year_phase},
      [&](const NetworkFunctions& network) { return validation.score(network); }, stop_requested);
  if (finished && trainer->best_step() == 0)
    log::warn("no step of the training beat step 0: the untrained network{} is what was saved",
              untrained_is_base(namelist) ? ", which is the base," : "");

  // 4. Calibration of what was kept.
  if (finished && namelist.text("sampling.calibration") != "none")
    calibrate_model(context, foundation, study, validate, backend, *trainer);
  log::info("{}: {} parameters, step {}, best at step {}, peak memory {:.0f} MiB a rank", model_path,
            trainer->parameters(), trainer->step(), trainer->best_step(), comm.max(peak_memory_mib()));
  if (finished) return 0;
  log::warn("stopped at step {} with a checkpoint: run again to go on", trainer->step());
  return static_cast<int>(ExitCode::requeue);
}

}  // namespace podscale
