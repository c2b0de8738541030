#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/file/previous_file.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/few_samples.hpp"
#include "podscale/study/foundation.hpp"
#include "podscale/study/hr_points.hpp"
#include "podscale/study/lr_mesh.hpp"
#include "podscale/study/regime_training.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/study_watch.hpp"

namespace podscale {
namespace {

/// Calibrates the forecast that sampling.uncertainty names, with the weights in model.h5, in every
/// regime; the other keeps what the file has. A regime whose base is better on data.validate stays
/// with it: no calibration.
void calibrate_model(const Communicator& comm, const StudyOptions& options, const Foundation& foundation,
                     const StudySeries& study, const std::vector<TrainingPart>& parts, const GapFiller* gaps,
                     const NetworkBackend& backend, NetworkTrainer& trainer) {
  const SamplingOptions& sampling = options.sampling;
  const bool head = sampling.uncertainty == Uncertainty::head;
  const TokenLayout layout = foundation.space.layout(comm);
  const auto model =
      backend.load(comm, options.output.model_file.get(), layout, foundation.space.checksum(comm),
                   options.model.placement(), foundation.path);
  const NetworkFunctions network = model->functions(sampling.sampler);
  const long block = options.data.time_block;
  const std::size_t local = foundation.basis.patches.mine.size();
  std::vector<Calibration> found(parts.size()), kept(parts.size());
  for (std::size_t r = 0; r < kept.size(); ++r) kept[r] = model->calibration(!head, r);
  for (const TrainingPart& part : parts) {
    const LatentSpace& space = foundation.spaces[part.regime];
    const ReferenceForecast& reference = foundation.reference->regime(part.regime);
    const std::string name = parts.size() > 1 ? ", " + reference.given.text() : "";
    const EncodedPeriod choosing = spread(part.choosing, sampling.calibration_times, local),
                        held_out = spread(part.held_out, sampling.calibration_times, local);
    if (parts.size() > 1) {
      const ValidationSubset scored(comm, study,
                                    {{&space, reference.calibration.inflation,
                                      spread(part.choosing, options.validation.times, local)}},
                                    options.validation.members, sampling.sampler.seed, head, block,
                                    gaps ? Gaps::allowed : Gaps::refused, sampling.plan.exchange_halos);
      const double score = scored.score(model->functions(validation_sampler(options))),
                   base = scored.score(untrained_network(sampling.sampler.seed, layout));
      log::info("{}{}: score {:.5f}, base {:.5f}{}", head ? "head" : "ensemble", name, score, base,
                score <= base ? "" : ": the base serves such times");
      if (!(score <= base)) continue;
    }
    const ForecastFunction forecast =
        head ? head_forecast(comm, space, network, Factor::without)
             : ensemble_forecast(comm, space, sampling.plan, network, control_variate_seed(options));
    Calibration& c = found[part.regime];
    c = calibrate(comm, space, study, choosing, held_out, forecast, options.base.inflation, sampling.time_block,
                  stop_requested, gaps, reference.given.has_history());
    judge_inflation(c, static_cast<std::size_t>(foundation.basis.samples), foundation.basis.modes);
    c.forecast = calibrated_forecast(options, sampling.uncertainty);
    log::info("{}{}: {}", head ? "head" : "ensemble", name, c.text());
  }
  trainer.set_calibrations(head ? found : kept, head ? kept : found);
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
  const bool told_history = !options.history.ages.empty();  // those of the basis: require_keys_of_basis
  const auto pairs_of = [&](const Period& period) {
    return told_history ? pairs_of_period(files.hr, files.lr, period, lags, foundation.basis.lr_step)
                        : PeriodPairs{steps_of_period(files.hr, files.lr, period, lags), {}};
  };
  const TrainingPairs pairs = [&] {
    TrainingPairs both{pairs_of(options.data.train), {}, {}};
    PeriodPairs validate = pairs_of(options.data.validate);
    both.validation = split_validation(files.hr.times(), validate.whole, options.data.held_out);
    both.without_lags = std::move(validate.lacking);
    return both;
  }();
  const ValidationParts& parts = pairs.validation;
  if (const Calibration& c = foundation.reference->calibration;
      c.times > 0 && (c.times != std::ssize(parts.choosing) || c.held_out != std::ssize(parts.held_out)))
    log::warn(
        "{}: its base was fitted and chosen with {} times of data.validate and {} held out, but here they "
        "are {} and {}: what is held out here may have chosen there; make the basis with this namelist",
        basis_path, c.times, c.held_out, parts.choosing.size(), parts.held_out.size());
  require_keys_of_basis(context.namelist, foundation.basis, basis_path);
  watch_training(options.data, files, true);
  std::shared_ptr<const FieldSource> history;
  if (!options.history.files.empty() || !options.history.variable.empty())
    history = open_history(comm, options.data, options.history, nullptr, foundation.basis.mesh,
                           foundation.basis.variables);
  judge_study(options.data, files, {pairs.train.all(), pairs.choosing(), parts.held_out});
  warn_of_damping(options);
  size_training(options, std::ssize(pairs.train.whole));
  backend.device_of_rank(comm, options.model.placement());  // refuses what is not there before any work
  if (context.check) return 0;
  const auto locks = context.claim({model_path});
  const StudySeries study = files.filled(foundation.basis.lr_gaps, foundation.basis.year);
  backend.tune_process(options.run.threads);

  // 2. Latents of the training period, and the validation subset.
  std::unique_ptr<GapFiller> gaps;
  if (options.data.with_gaps()) {
    const long missing =
        count_gaps(comm, study, foundation.basis, {pairs.train.all()}, "data.train") +
        count_gaps(comm, study, foundation.basis, {pairs.choosing(), parts.held_out}, "data.validate");
    if (missing > 0) gaps = filler_of(comm, study, foundation.space);
    if (gaps && !foundation.reference->stands_alone())
      log::warn(
          "model.base = 'none': what HR lacks is drawn around the climatology, whatever LR says, which hides "
          "some of what relates them; model.base = 'gaussian' draws it given LR");
  }
  const std::vector<TrainingPart> regimes = training_parts(comm, foundation, study, pairs, told_history,
                                                           history.get(), block, gaps.get());
  const ValidationSubset validation(comm, study,
                                    scored_times(foundation, regimes, options.validation.times),
                                    options.validation.members, options.sampling.sampler.seed,
                                    options.sampling.uncertainty == Uncertainty::head, block,
                                    gaps ? Gaps::allowed : Gaps::refused,
                                    options.sampling.plan.exchange_halos);
  log::info("training on {} times{}, validation on {} of {}", pairs.train.whole.size(),
            told_history ? fmt::format(", each told of one of {} regimes", regimes.size()) : "",
            std::min(options.validation.times, std::ssize(parts.choosing)), parts.choosing.size());

  // 3. Training.
  const auto trainer = backend.trainer(comm, foundation.space.layout(comm), options.model, options.training,
                                       foundation.space.checksum(comm), model_path, options.run.resume,
                                       options.effective, foundation.path);
  trainer->set_validation_sampler(validation_sampler(options));
  trainer->set_criterion(selection_criterion(options, foundation.reference->calibration.inflation));
  const bool finished = trainer->run(
      training_set(regimes),
      [&](const NetworkFunctions& network) { return validation.score(network); }, stop_requested);
  if (finished && trainer->best_step() == 0)
    log::warn("no step of the training beat step 0: the untrained network{} is what was saved",
              untrained_is_base(options) ? ", which is the base," : "");

  // 4. Calibration of what was kept.
  if (finished && options.sampling.calibration != Correction::none)
    calibrate_model(comm, options, foundation, study, regimes, gaps.get(), backend, *trainer);
  log::info("{}: {} parameters, step {}, best at step {}, peak memory {:.0f} MiB a rank", model_path,
            trainer->parameters(), trainer->step(), trainer->best_step(), comm.max(peak_memory_mib()));
  if (finished) {
    forget_previous(comm, model_path);
    return 0;
  }
  log::warn("stopped at step {} with a checkpoint: run again to go on", trainer->step());
  return static_cast<int>(ExitCode::requeue);
}

}  // namespace podscale
