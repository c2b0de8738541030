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
                     const ValidationParts& validation, const NetworkBackend& backend,
                     NetworkTrainer& trainer) {
  const Communicator& comm = context.comm;
  const Namelist& n = context.namelist;
  const bool head = n.text("sampling.uncertainty") == "head";
  const auto model =
      backend.load(comm, context.output_path_of("output.model_file"), foundation.space.layout(comm),
                   foundation.space.checksum(comm), n.text("model.device"), foundation.path);
  const NetworkFunctions network = model->functions(sampler_options(n));
  const ForecastFunction forecast = head ? head_forecast(comm, foundation.space, network.head, Factor::without)
                                         : ensemble_forecast(comm, foundation.space, ensemble_plan(n),
                                                             network.sample, control_variate_seed(n));
  const long times = n.integer("sampling.calibration_times"), block = n.integer("grid.time_block");
  const auto encoded = [&](const std::vector<StepPair>& pairs) {
    return encode_period(comm, foundation.space, study, spread(pairs, times), block);
  };
  Calibration c = calibrate(comm, foundation.space, study, encoded(validation.choosing),
                            encoded(validation.held_out), forecast,
                            inflate_from_name(n.text("base.inflation")), n.integer("sampling.time_block"),
                            stop_requested);
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
  require_same_mesh(study.hr.mesh(), foundation.basis.mesh, study.hr.describe(), basis_path);
  require_same_mesh(study.lr.mesh(), foundation.basis.lr_mesh, study.lr.describe(), basis_path);
  const auto train = steps_of_period(study.hr, study.lr, namelist, "data.train");
  const ValidationParts parts =
      split_validation(study.hr.times(), steps_of_period(study.hr, study.lr, namelist, "data.validate"),
                       namelist.real("data.held_out"));
  if (const Calibration* c = foundation.base ? &foundation.base->calibration : nullptr;
      c && (c->times != std::ssize(parts.choosing) || c->held_out != std::ssize(parts.held_out)))
    log::warn(
        "{}: its base was fitted and chosen with {} times of data.validate and {} held out, but here they "
        "are {} and {}: what is held out here may have chosen there; make the basis with this namelist",
        basis_path, c->times, c->held_out, parts.choosing.size(), parts.held_out.size());
  warn_of_damping(namelist);
  backend.device_of_rank(comm, model.device);  // refuses a device that is not there before any work
  if (context.check || context.dry_run) return 0;
  const auto locks = context.claim({model_path});
  backend.tune_process(static_cast<int>(namelist.integer("training.threads")));

  // 2. Latents of the training period, and the validation subset.
  const TokenSeries tokens = token_series(
      comm, foundation.space, encode_period(comm, foundation.space, study, train, block), block);
  const auto subset = spread(parts.choosing, namelist.integer("training.validation_times"));
  const Inflation inflation = foundation.base ? foundation.base->calibration.inflation : Inflation{};
  const ValidationSubset validation(comm, foundation.space, study, subset,
                                    static_cast<int>(namelist.integer("training.validation_members")),
                                    static_cast<std::uint64_t>(namelist.integer("sampling.seed")),
                                    namelist.text("sampling.uncertainty") == "head", inflation, block);
  log::info("training on {} times, validation on {} of {}", train.size(), subset.size(),
            parts.choosing.size());

  // 3. Training.
  const auto trainer = backend.trainer(comm, foundation.space.layout(comm), model, training, foundation.space.checksum(comm),
                  model_path, namelist.logical("training.resume"), namelist.effective(),
                                         foundation.path);
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
    calibrate_model(context, foundation, study, parts, backend, *trainer);
  log::info("{}: {} parameters, step {}, best at step {}, peak memory {:.0f} MiB a rank", model_path,
            trainer->parameters(), trainer->step(), trainer->best_step(), comm.max(peak_memory_mib()));
  if (finished) return 0;
  log::warn("stopped at step {} with a checkpoint: run again to go on", trainer->step());
  return static_cast<int>(ExitCode::requeue);
}

}  // namespace podscale
