#include <algorithm>
#include <cmath>
#include <optional>

#include "podscale/core/checksum.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/file/kept_blocks.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/basis_stage.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/few_samples.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/fit_level.hpp"
#include "podscale/study/fit_seams.hpp"
#include "podscale/study/fit_season.hpp"
#include "podscale/study/fit_time_covariance.hpp"
#include "podscale/study/hr_points.hpp"
#include "podscale/study/image_runs.hpp"
#include "podscale/study/lr_statistics.hpp"
#include "podscale/study/paired_series.hpp"
#include "podscale/study/regime_periods.hpp"
#include "podscale/study/regime_training.hpp"
#include "podscale/study/run_identity.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/study_watch.hpp"

namespace podscale {
namespace {

/// HR with gaps: nullptr where there are none.
struct HrFilling {
  const HrGapModel* model = nullptr;
  const GapFiller* filler = nullptr;
};

/// Regression, residual covariance, season and calibration of one regime; of regime 0 also what
/// all of them share: the seams of the basis, and how errors persist.
void fit_regime(const Communicator& comm, const StudyOptions& options, Basis& basis,
                const StudySeries& study, LinearGaussian& base, const EncodedPeriod& train,
                const EncodedPeriod& choosing, const EncodedPeriod& held_out, const HrFilling& gaps) {
  const Stage stage(StageId::regression);
  const long block = options.data.time_block;
  const LatentSpace space(basis, base);
  const bool first = base.columns.empty();
  PatchSeries residuals =
      finish_linear_gaussian(comm, options.base, basis, train, choosing, block, base, gaps.model);
  std::optional<CrossValidatedLevel> level;
  if (first && options.base.cross_validated)
    level = cross_validated_level(comm, basis, base, options.base.lag_weight, study.lr.times(), train);
  if (first) basis.seams = fit_seams(comm, space, study, train, block, gaps.filler);
  base.season = fit_seasonal_variance(comm, space, train, choosing, options.base.season, block,
                                      train.drawn.empty() ? &residuals : nullptr);
  residuals = {};  // as large as the encoded period
  if (first) base.time = fit_time_covariance(comm, space, study, train, block, gaps.filler);
  const ForecastFunction forecast = base_forecast(space, Factor::without);
  if (level) {
    // Of the regression; what modes leave out does not change with the years that it saw.
    const Inflation inflation{level->level, level->level, 1};
    base.calibration = calibrate(
        comm, space, study, choosing, held_out,
        [&](const ForecastRequest& request, const Inflation&) { return forecast(request, inflation); },
        Inflate::none, block, {}, gaps.filler);
    base.calibration.inflation = inflation;
    base.calibration.degrees_of_freedom = level->degrees_of_freedom;
  } else {
    base.calibration = calibrate(comm, space, study, choosing, held_out, forecast, options.base.inflation, block,
                                 {}, gaps.filler, base.given.has_history());
  }
  judge_inflation(base.calibration, train.size(), basis.modes);
}

/// The others of a base, whose regime 0 is there.
void fit_others(const Communicator& comm, const StudyOptions& options, Basis& basis,
                const StudySeries& study, const RegimePeriods& periods, LinearGaussian& base,
                const EncodedPeriod& train, const EncodedPeriod& choosing, const EncodedPeriod& held_out,
                const HrFilling& gaps) {
  StudyOptions same = options;  // as many global modes, lest tokens differ
  same.base.global_modes = base.residual.global_modes;
  same.base.share = 1;
  for (std::size_t r = 1; r < base.regimes(); ++r) {
    LinearGaussian& other = base.others[r - 1];
    const std::string name = other.given.text();
    const EncodedPeriod of_train = periods.of(r, train), of_choosing = periods.of(r, choosing),
                        of_held_out = periods.of(r, held_out);
    require_times(other.given, of_train.size(), of_choosing.size(), of_held_out.size());
    fit_regime(comm, same, basis, study, other, of_train, of_choosing, of_held_out, gaps);
    if (other.residual.global_modes != base.residual.global_modes)
      throw Error(ExitCode::data,
                  fmt::format("base.rank: {} global modes, but the {} training times with {} tell {} apart; "
                              "expected base.rank = {} or fewer",
                              base.residual.global_modes, of_train.size(), name, other.residual.global_modes,
                              other.residual.global_modes),
                  true);
    log::info("base, {}: {} training times, penalty {} towards {}; {}", name, of_train.size(), other.penalty,
              other.interpolation > 0 ? "interpolation" : "climatology", other.calibration.text());
  }
}

/// Sum over all patches of the squares that the regression leaves of the coefficients in training.
double left_by(const Communicator& comm, const Basis& basis, const LinearGaussian& base) {
  std::vector<double> squares;
  double bound = 0;
  for (const PatchCovariance& own : base.residual.mine) {
    double square = 0;
    for (const auto* columns : {&own.global, &own.root})
      for (const double x : *columns) square += x * x;
    squares.push_back(square);
    bound = std::max(bound, square);
  }
  ExactSum sum(1, comm.max(bound), std::ssize(basis.patches.patch_of_token));
  for (const double& square : squares) sum.add(std::span(&square, 1));
  return sum.reduce(comm, "residuals of the regression").front();
}

/// Times that lack a lag are left out where the regression without lags is no substitute.
void judge_fallback(const Communicator& comm, const Basis& basis, LinearGaussian& base) {
  constexpr double most = 2;  // as large errors as that are those of another forecast
  const auto at = base.find({false, 0});
  if (!at) return;
  const auto other = base.others.begin() + static_cast<long>(*at - 1);
  const double loss = std::sqrt(left_by(comm, basis, *other) / left_by(comm, basis, base));
  if (!(loss > most)) return;
  log::info("base.lags: without them errors are {:.1f} times as large: times that lack one are left out", loss);
  base.others.erase(other);
}

/// Sets condition scale and seams of the basis, too: they come from one encoding of the training
/// period.
LinearGaussian build_base(const Communicator& comm, const StudyOptions& options, Basis& basis,
                          const StudySeries& study, const TrainingPairs& pairs, const FieldSource* history,
                          const HrGapModel* gap_model) {
  const long block = options.data.time_block;
  LinearGaussian base =
      start_linear_gaussian(comm, options.base, basis, study.lr, lr_steps(pairs.train.whole), block);
  base.add_regimes(basis, options.history.ages);
  const LatentSpace space(basis, base);
  const auto filler = gap_model ? filler_of(comm, study, basis, *gap_model) : nullptr;
  const HrFilling gaps{gap_model, filler.get()};
  const EncodedPeriod
      choosing = encode_period(comm, space, study, pairs.choosing(), block, filler.get()),
      held_out = encode_period(comm, space, study, pairs.validation.held_out, block, filler.get()),
      train = encode_period(comm, space, study, pairs.train.all(), block, filler.get());
  const Analyses analyses = options.history.ages.empty()
                                ? Analyses(study.hr, basis)
                                : encoded_analyses(comm, basis, study, history, options.history.ages,
                                                   {&train, &choosing, &held_out}, block);
  RegimePeriods periods(space, study.lr.times(), &analyses);
  for (const EncodedPeriod* period : {&train, &choosing, &held_out}) periods.add(*period);
  {
    // Copies only where some times are left out.
    EncodedPeriod of_train, of_choosing;
    if (!pairs.train.lacking.empty()) of_train = periods.of(0, train);
    if (!pairs.without_lags.empty()) of_choosing = periods.of(0, choosing);
    const EncodedPeriod &whole = pairs.train.lacking.empty() ? train : of_train,
                        &chosen_by = pairs.without_lags.empty() ? choosing : of_choosing;
    const ConditionLayout layout = base.layout(basis);
    set_condition_scale(basis, whole.conditions, std::ssize(whole), layout.width - layout.then);
    fit_regime(comm, options, basis, study, base, whole, chosen_by, held_out, gaps);
  }
  log::info("base.season = {}: {}", options.base.season, base.season.reason);
  log::info("base: {} LR values a patch, penalty {} towards {}, {} global modes", base.predictors.slots(),
            base.penalty, base.interpolation > 0 ? "interpolation" : "climatology",
            base.residual.global_modes);
  log::info("base: {}", base.calibration.text());
  fit_others(comm, options, basis, study, periods, base, train, choosing, held_out, gaps);
  judge_fallback(comm, basis, base);
  share_scales(basis, base);
  return base;
}

}  // namespace

int run_basis(const Context& context) {
  if (context.options.images.active()) return run_image_basis(context);
  const Communicator& comm = context.comm;
  StudyOptions options = context.options;
  const std::string& path = context.options.output.basis_file.get();
  if (options.with_base && options.base.penalties.empty())
    refuse(options, "base.penalties is empty; expected at least one number");

  const RunIdentity run = RunIdentity::of_basis(context);
  if (!context.check && !context.force && run.made(comm, path)) {
    leave_finished(context, path, KeptBlocks::folder_of(path),
                   [&] { BasisStage(comm, path, run.checksum()).remove(); });
    return 0;
  }

  // 1. The series and the times that both have.
  const StudySeries files = open_study(comm, options.data);
  const std::vector<long> lags = options.with_base ? options.base.lags : std::vector<long>{};
  TrainingPairs periods{pairs_of_period(files.hr, files.lr, options.data.train, lags), {}, {}};
  const std::vector<StepPair>& train = periods.train.whole;
  if (options.with_base) {
    const PeriodPairs validate = pairs_of_period(files.hr, files.lr, options.data.validate, lags);
    periods.validation = split_validation(files.hr.times(), validate.whole, options.data.held_out);
    periods.without_lags = validate.lacking;
  }
  std::shared_ptr<const FieldSource> history;
  if (!options.history.files.empty() || !options.history.variable.empty())
    history = open_history(comm, options.data, options.history, nullptr, files.hr.mesh(), files.hr.variables());
  log::info("HR {}: {} x {}; LR {}: {} x {}; {} common training times", files.hr.describe(),
            files.hr.mesh().ny(), files.hr.mesh().nx(), files.lr.describe(), files.lr.mesh().ny(),
            files.lr.mesh().nx(), train.size());
  watch_training(options.data, files, options.with_base);
  require_patches(options, files.hr);
  const auto locks = context.claim({path});
  // What an earlier run made of these inputs it has judged, too.
  const BasisStage stage(comm, path, run.checksum());
  std::optional<HrGapModel> hr_gaps;
  std::optional<Basis> modes = context.check ? std::nullopt : stage.find(options, hr_gaps);
  if (!modes)
    judge_study(options.data, files, {periods.train.all(), periods.choosing(), periods.validation.held_out});
  const StudyYear year = year_of(files, train);
  if (!options.data.coarsen) require_paired(options.data, files, train, year, lags);
  options.basis = carried_by(options.basis, files, train);
  if (context.check) return 0;

  // 2. Climatology, patches, POD; the base; the file.
  const LrGaps gaps = fit_gaps(files.lr, lr_steps(train), options.basis.harmonics, year);
  const StudySeries study = files.filled(gaps, year);
  const bool kept = modes.has_value();
  if (!kept)
    modes = options.with_base ? fit_modes(comm, options, study, &hr_gaps) : build_basis(comm, options, study);
  Basis basis = std::move(*modes);
  // Without a base there is little left to do.
  if (!kept && options.with_base) stage.keep(basis, hr_gaps ? &*hr_gaps : nullptr);
  basis.lr_gaps = gaps;
  // What another source is matched to, if one is applied.
  const LrStatistics lr = fit_lr_statistics(
      study.lr, basis.lr_ocean, lr_steps(train),
      harmonics_of_statistics(study.lr.times(), lr_steps(train), options.basis.harmonics), year, true, "data.train");
  if (options.with_base) {
    if (options.data.with_gaps() &&
        count_gaps(comm, study, basis, {periods.choosing(), periods.validation.held_out}, "data.validate") > 0 &&
        !hr_gaps)  // counted aloud in any case
      hr_gaps = fit_hr_gaps(comm, options, study, basis, train);
    const LinearGaussian base =
        build_base(comm, options, basis, study, periods, history.get(), hr_gaps ? &*hr_gaps : nullptr);
    write_basis(comm, basis, path,
                of_run(run.checksum(), lr_statistics_extras(comm, basis, lr, base_extras(comm, basis, base))));
  } else {
    write_basis(comm, basis, path, of_run(run.checksum(), lr_statistics_extras(comm, basis, lr)));
  }
  stage.remove();
  log::info(
      "{}: {} patches with ocean of {}, {} modes, {:.2f} % of the variance, checksum {}, peak memory "
      "{:.0f} MiB a rank",
      path, basis.patches.patch_of_token.size(), basis.decomposition.patches(), basis.modes,
      100 * basis.explained(comm), checksum_text(basis.checksum(comm)), comm.max(peak_memory_mib()));
  return 0;
}

}  // namespace podscale
