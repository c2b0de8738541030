#include <algorithm>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/file/kept_blocks.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/applied_source.hpp"
#include "podscale/study/downscale.hpp"
#include "podscale/study/factor_file.hpp"
#include "podscale/study/ghrsst_file.hpp"
#include "podscale/study/lead_level.hpp"
#include "podscale/study/lr_mesh.hpp"
#include "podscale/study/mean_series.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/run_identity.hpp"
#include "podscale/study/running_calibration.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/series.hpp"
#include "podscale/study/study_watch.hpp"
#include "podscale/study/time_inputs.hpp"

namespace podscale {
namespace {

/// Refuses what the output is asked for and cannot be, before the work.
void require_storable(const StudyOptions& options, const Basis& basis, const SampleAxis& axis) {
  if (options.output.zstd && !zstd_available())
    refuse(options,
           "output.compression = 'zstd', but HDF5 has no Zstandard filter (32015) here; install the plugin "
           "and name its folder in HDF5_PLUGIN_PATH, or write 'deflate'");
  if (options.output.ghrsst) require_ghrsst(basis.mesh, axis, product_options(options, basis));
}

/// The analyses that forecasts are told of; nullptr without.
std::shared_ptr<const FieldSource> history_of(const Communicator& comm, const StudyOptions& options,
                                              const Foundation& foundation,
                                              std::shared_ptr<FieldCache> cache) {
  const auto& ages = foundation.reference->ages;
  if (options.history.ages.empty()) {
    if (!ages.empty())
      log::info("{} has regressions on HR analyses, but the namelist has no history.ages: they are not used",
                foundation.path);
    return nullptr;
  }
  if (ages != options.history.ages)
    throw Error(
        ExitCode::data,
        fmt::format("{}: made with history.ages = {}, but the namelist asks for {}; make the basis again "
                    "with podscale-basis, or give the ages that it has",
                    foundation.path, ages.empty() ? "none" : fmt::format("{}", fmt::join(ages, ", ")),
                    fmt::join(options.history.ages, ", ")),
        true);
  return open_history(comm, options.data, options.history, std::move(cache), foundation.basis.mesh,
                      foundation.basis.variables);
}

void say_inputs(const ReferenceForecast& reference, std::span<const TimeInputs> times,
                const StudyOptions& options, const FieldSource& lr) {
  const std::string& key = options.data.downscale.key;
  const auto lacking = [&](const TimeInputs& time) {
    const Regime& given = reference.regime(time.regime).given;
    return !given.lags && !given.has_history();
  };
  if (const auto count = std::count_if(times.begin(), times.end(), lacking); count > 0)
    log::warn(
        "{}: {} of {} times of {} lack a value at one of base.lags = {} (the first at {}): they are forecast by "
        "the regression without lags",
        key, count, times.size(), lr.describe(), fmt::join(reference.predictors.lags, ", "),
        date_text(
            lr.times()[static_cast<std::size_t>(std::find_if(times.begin(), times.end(), lacking)->step)]
                .date));
  if (const std::string text = inputs_text(reference, times); !text.empty()) log::info("{}: {}", key, text);
}

/// The LR series that is downscaled, and its steps of the period; applied.lr: nullptr where it is
/// that of the training.
struct LrInputs {
  std::shared_ptr<const FieldSource> lr;
  std::vector<long> steps;
  AppliedSeries applied;
};

/// Collective.
LrInputs open_inputs(const Communicator& comm, const StudyOptions& options, const Foundation& foundation,
                     const std::shared_ptr<FieldCache>& cache) {
  const Basis& basis = foundation.basis;
  const auto& lags = foundation.reference->predictors.lags;
  // Where there is a regression without lags, times that lack one have it.
  const std::span<const long> needed_lags =
      foundation.reference->find({false, 0}) ? std::span<const long>{} : std::span<const long>(lags);
  options.data.downscale.get();  // asked for before anything is read
  LrInputs inputs;
  if (options.data.applies()) {
    inputs.applied = open_applied(comm, options.data, cache, basis, foundation.path, options.data.downscale,
                                  lags, needed_lags, foundation.reference->ages);
    inputs.lr = inputs.applied.lr, inputs.steps = inputs.applied.steps;
    return inputs;
  }
  inputs.lr = open_lr(comm, options.data, cache, &basis);
  require_lr_mesh(*inputs.lr, basis, foundation.path);
  require_same_variables(*inputs.lr, basis, basis.lr_names, foundation.path);
  inputs.steps = lr_steps_of_period(*inputs.lr, options.data.downscale, needed_lags, basis.lr_step);
  return inputs;
}

/// Collective. The LR series at the times of the analyses, where it is another one; nullptr: that
/// which is downscaled.
std::shared_ptr<const FieldSource> past_of(const Communicator& comm, const StudyOptions& options,
                                           const Foundation& foundation, const LrInputs& inputs,
                                           const std::shared_ptr<FieldCache>& cache) {
  if (options.history.lr_files.empty()) {
    require_one_series(
        inputs.lr->times(), inputs.lr->describe(),
        "one realization and one run with history.ages, or the LR series of the days before in "
        "history.lr_files");
    return nullptr;
  }
  if (inputs.applied.lr) refuse(options, "history.lr_files with data.apply_files: expected one of them");
  auto past = open_past_lr(comm, options.data, options.history.lr_files, cache, foundation.basis);
  require_lr_mesh(*past, foundation.basis, foundation.path);
  require_same_variables(*past, foundation.basis, foundation.basis.lr_names, foundation.path);
  return past;
}

/// Collective. What each time is told. analyses: nullptr without history; past: as past_of().
std::vector<TimeInputs> inputs_of_times(const StudyOptions& options, const Foundation& foundation,
                                        const LrInputs& inputs, const Analyses* analyses,
                                        const FieldSource* past) {
  const ReferenceForecast& reference = *foundation.reference;
  const InputChoice choice(reference, inputs.lr->times(), foundation.basis.lr_step, analyses,
                           past ? &past->times() : nullptr);
  std::vector<TimeInputs> times;
  std::set<long> then;
  long lacking = 0;
  for (const long step : inputs.steps) {
    times.push_back(choice.choose(step, options.history.delay));
    if (times.back().then >= 0) then.insert(times.back().then);
    lacking += times.back().age == 0 && choice.lacks_past(step, options.history.delay) ? 1 : 0;
  }
  if (past) judge_values(*past, std::vector<long>(then.begin(), then.end()), options.data.doubts);
  if (lacking > 0)
    log::warn(
        "{}: {} of {} times have an HR analysis but no LR field at its time, and are forecast without: name LR "
        "files of those days in history.lr_files",
        options.data.downscale.key, lacking, times.size());
  say_inputs(reference, times, options, *inputs.lr);
  return times;
}

}  // namespace

int run_downscale(const Context& context, const NetworkBackend& backend) {
  const Communicator& comm = context.comm;
  const StudyOptions& options = context.options;
  const std::string& product = options.output.product_file.get();
  const bool with_means = !options.output.region_means.empty();

  // 0. What is finished already.
  const RunIdentity run = RunIdentity::of_downscaling(context);
  const bool resumes = may_be_resumed(options) && !context.check && !context.force;
  const bool fields_are_there = resumes && run.made(comm, product) &&
                                (!options.output.write_factors || run.made(comm, factors_path(product)));
  if (fields_are_there && (!with_means || run.made(comm, means_path(product)))) {
    leave_finished(context, product, KeptBlocks::folder_of(product),
                   [&] { KeptBlocks::discard(comm, product); });
    return 0;
  }

  // 1. Basis, model and the LR steps of the period.
  backend.tune_process(options.run.threads);
  const Foundation foundation(comm, options);
  const Forecaster forecaster(comm, foundation, options, backend);
  // The judge of values reads all fields before they are downscaled.
  const auto cache =
      std::make_shared<FieldCache>(static_cast<std::size_t>(options.data.cache_mib) << 20, comm.size());
  const LrInputs inputs = open_inputs(comm, options, foundation, cache);
  const auto& [lr, steps, applied] = inputs;
  watch_downscaling(context.namelist, foundation.basis, foundation.path, options.data, *lr);
  log::info("{}: {} times of {}, {}", product, steps.size(), lr->describe(), forecaster.description());
  watch_leads(options, subset(lr->times(), steps), forecaster.kind());
  const DownscaleOptions wanted = downscale_options(context, foundation);
  require_storable(options, foundation.basis, subset(lr->times(), steps));
  require_means(options, foundation, subset(lr->times(), steps), forecaster.kind());
  warn_of_damping(options);
  if (!applied.lr) judge_values(*lr, steps, options.data.doubts);
  const std::shared_ptr<const FieldSource> history = history_of(comm, options, foundation, cache);
  if (wanted.running)
    require_one_series(
        subset(lr->times(), steps), lr->describe(),
        "one for sampling.calibration = 'running': choose it by data.realizations or the files");
  const std::shared_ptr<const FieldSource> past =
      history ? past_of(comm, options, foundation, inputs, cache) : nullptr;
  if (context.check) return 0;
  std::vector<std::string> outputs{product};
  if (wanted.factors) outputs.push_back(factors_path(product));
  if (wanted.running) outputs.push_back(running_path(options.output));
  if (with_means) outputs.push_back(means_path(product));
  const auto locks = context.claim(outputs);

  if (fields_are_there) {
    log::info("{} is finished: its means over time are still to be made", product);
    write_means(comm, options, foundation.basis);
    return 0;
  }

  // 2. What each time is told.
  std::optional<Analyses> analyses;
  if (history) {
    analyses.emplace(*history, foundation.basis);
    const auto needed = wanted_analyses(*analyses, lr->times(), steps, foundation.reference->ages);
    judge_values(*history, needed, options.data.doubts, true);
    analyses->read(comm, needed, options.data.time_block);
  }
  const Analyses* told = analyses ? &*analyses : nullptr;
  const std::vector<TimeInputs> times = inputs_of_times(options, foundation, inputs, told, past.get());

  // 3. Forecasting, decoding, writing, a block of times at a time.
  downscale(context, foundation, forecaster, wanted, lr, times, told, applied.lr.get(), past, run);

  // 4. Means over time of regions, from the product and its factors.
  if (with_means) write_means(comm, options, foundation.basis);
  return 0;
}

}  // namespace podscale
