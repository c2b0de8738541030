#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/few_samples.hpp"
#include "podscale/study/foundation.hpp"
#include "podscale/study/hr_points.hpp"
#include "podscale/study/lr_mesh.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/study_watch.hpp"
#include "podscale/study/token_series.hpp"
#include "podscale/study/validation_score.hpp"

namespace podscale {
namespace {

/// Calibrates the forecast that sampling.uncertainty names, with the weights in model.h5; the other
/// keeps what the file has.
void calibrate_model(const Communicator& comm, const StudyOptions& options, const Foundation& foundation,
                     const StudySeries& study, const ValidationParts& validation, const GapFiller* gaps,
                     const NetworkBackend& backend, NetworkTrainer& trainer) {
  const SamplingOptions& sampling = options.sampling;
  const bool head = sampling.uncertainty == Uncertainty::head;
  const auto model = backend.load(comm, options.output.model_file.get(), foundation.space.layout(comm),
                                  foundation.space.checksum(comm), options.model.device, foundation.path);
  const NetworkFunctions network = model->functions(sampling.sampler);
  const ForecastFunction forecast = head
                                        ? head_forecast(comm, foundation.space, network.head, Factor::without)
                                        : ensemble_forecast(comm, foundation.space, sampling.plan,
                                                            network.sample, control_variate_seed(options));
  const long block = options.data.time_block;
  const auto encoded = [&](const std::vector<StepPair>& pairs) {
    return encode_period(comm, foundation.space, study, spread(pairs, sampling.calibration_times), block,
                         gaps);
  };
  Calibration c =
      calibrate(comm, foundation.space, study, encoded(validation.choosing), encoded(validation.held_out),
                forecast, options.base.inflation, sampling.time_block, stop_requested, gaps);
  judge_inflation(c, static_cast<std::size_t>(foundation.basis.samples), foundation.basis.modes);
  c.forecast = calibrated_forecast(options, sampling.uncertainty);
  log::info("{}: {}", head ? "head" : "ensemble", c.text());
  trainer.set_calibrations(head ? c : model->calibration(true), head ? model->calibration(false) : c);
  trainer.save();
}

}  // namespace

int run_train(const Context& context, const NetworkBackend& backend) {
  const Communicator& comm = context.comm;
  StudyOptions options = context.options;
  options.sampling.uncertainty = trained_uncertainty(options);
  const std::string &basis_path = context.options.output.basis_file.get(),
                    &model_path = context.options.output.model_file.get();
  const long block = options.data.time_block;

  // 1. Basis, base and series, on the same grid.
  require_trainable(options, comm.size());
  const Foundation foundation(comm, options);
  const StudySeries files = open_study(comm, options.data, &foundation.basis);
  require_same_mesh(files.hr.mesh(), foundation.basis.mesh, files.hr.describe(), basis_path);
  require_lr_mesh(files.lr, foundation.basis, basis_path);
  require_same_variables(files.hr, foundation.basis, names_of(foundation.basis.variables), basis_path);
  require_same_variables(files.lr, foundation.basis, foundation.basis.lr_names, basis_path);
  const std::vector<long>& lags = foundation.reference->predictors.lags;
  const auto train = steps_of_period(files.hr, files.lr, options.data.train, lags);
  const ValidationParts parts = split_validation(
      files.hr.times(), steps_of_period(files.hr, files.lr, options.data.validate, lags), options.data.held_out);
  if (const Calibration& c = foundation.reference->calibration;
      c.times > 0 && (c.times != std::ssize(parts.choosing) || c.held_out != std::ssize(parts.held_out)))
    log::warn(
        "{}: its base was fitted and chosen with {} times of data.validate and {} held out, but here they "
        "are {} and {}: what is held out here may have chosen there; make the basis with this namelist",
        basis_path, c.times, c.held_out, parts.choosing.size(), parts.held_out.size());
  require_keys_of_basis(context.namelist, foundation.basis, basis_path);
  watch_training(options.data, files, true);
  judge_study(options.data, files, {train, parts.choosing, parts.held_out});
  warn_of_damping(options);
  size_training(options, std::ssize(train));
  backend.device_of_rank(comm, options.model.device);  // refuses a device that is not there before any work
  if (context.check) return 0;
  const auto locks = context.claim({model_path});
  const StudySeries study = files.filled(foundation.basis.lr_gaps, foundation.basis.year);
  backend.tune_process(options.run.threads);

  // 2. Latents of the training period, and the validation subset.
  std::unique_ptr<GapFiller> gaps;
  if (options.data.with_gaps()) {
    const long missing =
        count_gaps(comm, study, foundation.basis, {train}, "data.train") +
        count_gaps(comm, study, foundation.basis, {parts.choosing, parts.held_out}, "data.validate");
    if (missing > 0) gaps = filler_of(comm, study, foundation.space);
    if (gaps && !foundation.reference->stands_alone())
      log::warn(
          "model.base = 'none': what HR lacks is drawn around the climatology, whatever LR says, which hides "
          "some of what relates them; model.base = 'gaussian' draws it given LR");
  }
  const TokenSeries tokens = token_series(
      comm, foundation.space, encode_period(comm, foundation.space, study, train, block, gaps.get()), block);
  const auto subset = spread(parts.choosing, options.validation.times);
  const Inflation& inflation = foundation.reference->calibration.inflation;
  const ValidationSubset validation(comm, foundation.space, study, subset, options.validation.members,
                                    options.sampling.sampler.seed,
                                    options.sampling.uncertainty == Uncertainty::head, inflation, block,
                                    gaps ? Gaps::allowed : Gaps::refused);
  log::info("training on {} times, validation on {} of {}", train.size(), subset.size(),
            parts.choosing.size());

  // 3. Training.
  const auto trainer = backend.trainer(comm, foundation.space.layout(comm), options.model, options.training,
                                       foundation.space.checksum(comm), model_path, options.run.resume,
                                       options.effective, foundation.path);
  trainer->set_validation_sampler(validation_sampler(options));
  trainer->set_criterion(selection_criterion(options, inflation));
  const bool finished = trainer->run(
      {tokens.items.size(), tokens.latent, tokens.condition, tokens.year_phase},
      [&](const NetworkFunctions& network) { return validation.score(network); }, stop_requested);
  if (finished && trainer->best_step() == 0)
    log::warn("no step of the training beat step 0: the untrained network{} is what was saved",
              untrained_is_base(options) ? ", which is the base," : "");

  // 4. Calibration of what was kept.
  if (finished && options.sampling.calibration != Correction::none)
    calibrate_model(comm, options, foundation, study, parts, gaps.get(), backend, *trainer);
  log::info("{}: {} parameters, step {}, best at step {}, peak memory {:.0f} MiB a rank", model_path,
            trainer->parameters(), trainer->step(), trainer->best_step(), comm.max(peak_memory_mib()));
  if (finished) return 0;
  log::warn("stopped at step {} with a checkpoint: run again to go on", trainer->step());
  return static_cast<int>(ExitCode::requeue);
}

}  // namespace podscale
