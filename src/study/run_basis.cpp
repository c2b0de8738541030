#include <optional>

#include "podscale/core/checksum.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/calibrate.hpp"
#include "podscale/study/few_samples.hpp"
#include "podscale/study/fit_base.hpp"
#include "podscale/study/fit_level.hpp"
#include "podscale/study/fit_seams.hpp"
#include "podscale/study/fit_season.hpp"
#include "podscale/study/hr_points.hpp"
#include "podscale/study/lr_statistics.hpp"
#include "podscale/study/paired_series.hpp"
#include "podscale/study/fit_time_covariance.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/study_watch.hpp"

namespace podscale {
namespace {

/// Sets condition scale and seams of the basis, too: they come from one encoding of the training period.
LinearGaussian build_base(const Communicator& comm, const StudyOptions& options, Basis& basis,
                          const StudySeries& study, const std::vector<StepPair>& train_pairs,
                          const ValidationParts& validation, const HrGapModel* gaps) {
  const long block = options.data.time_block;
  LinearGaussian base =
      start_linear_gaussian(comm, options.base, basis, study.lr, lr_steps(train_pairs), block);
  const LatentSpace space(basis, base);
  const auto filler = gaps ? filler_of(comm, study, basis, *gaps) : nullptr;
  std::optional<CrossValidatedLevel> level;
  const EncodedPeriod validate = encode_period(comm, space, study, validation.choosing, block, filler.get());
  {
    const EncodedPeriod train = encode_period(comm, space, study, train_pairs, block, filler.get());
    set_condition_scale(basis, train.conditions, std::ssize(train_pairs));
    finish_linear_gaussian(comm, options.base, basis, train, validate, block, base, gaps);
    if (options.base.cross_validated)
      level = cross_validated_level(comm, basis, base, options.base.lag_weight, study.lr.times(), train);
    basis.seams = fit_seams(comm, space, study, train, block, filler.get());
    base.season = fit_seasonal_variance(comm, space, train, validate, options.base.season, block);
    base.time = fit_time_covariance(comm, space, study, train, block, filler.get());
  }
  const EncodedPeriod held_out = encode_period(comm, space, study, validation.held_out, block, filler.get());
  const ForecastFunction forecast = base_forecast(space, Factor::without);
  if (level) {
    // Of the regression; what modes leave out does not change with the years that it saw.
    const Inflation inflation{level->level, level->level, 1};
    base.calibration = calibrate(
        comm, space, study, validate, held_out,
        [&](const ForecastRequest& request, const Inflation&) { return forecast(request, inflation); },
        Inflate::none, block, {}, filler.get());
    base.calibration.inflation = inflation;
    base.calibration.degrees_of_freedom = level->degrees_of_freedom;
  } else {
    base.calibration = calibrate(comm, space, study, validate, held_out, forecast, options.base.inflation, block,
                                 {}, filler.get());
  }
  judge_inflation(base.calibration, train_pairs.size(), basis.modes);
  log::info("base: {} LR values a patch, penalty {} towards {}, {} global modes", base.predictors.slots(),
            base.penalty, base.interpolation > 0 ? "interpolation" : "climatology",
            base.residual.global_modes);
  log::info("base: {}", base.calibration.text());
  return base;
}

}  // namespace

int run_basis(const Context& context) {
  const Communicator& comm = context.comm;
  StudyOptions options = context.options;
  const std::string& path = context.options.output.basis_file.get();
  if (options.with_base && options.base.penalties.empty())
    refuse(options, "base.penalties is empty; expected at least one number");

  // 1. The series and the times that both have.
  const StudySeries files = open_study(comm, options.data);
  const std::vector<long> lags = options.with_base ? options.base.lags : std::vector<long>{};
  const auto train = steps_of_period(files.hr, files.lr, options.data.train, lags);
  ValidationParts validation;
  if (options.with_base)
    validation = split_validation(
        files.hr.times(), steps_of_period(files.hr, files.lr, options.data.validate, lags),
        options.data.held_out);
  log::info("HR {}: {} x {}; LR {}: {} x {}; {} common training times", files.hr.describe(),
            files.hr.mesh().ny(), files.hr.mesh().nx(), files.lr.describe(), files.lr.mesh().ny(),
            files.lr.mesh().nx(), train.size());
  watch_training(options.data, files, options.with_base);
  require_patches(options, files.hr);
  judge_study(options.data, files, {train, validation.choosing, validation.held_out});
  const StudyYear year = year_of(files, train);
  if (!options.data.coarsen) require_paired(options.data, files, train, year);
  options.basis = carried_by(options.basis, files, train);
  if (context.check) return 0;
  const auto locks = context.claim({path});

  // 2. Climatology, patches, POD; the base; the file.
  const LrGaps gaps = fit_gaps(files.lr, lr_steps(train), options.basis.harmonics, year);
  const StudySeries study = files.filled(gaps, year);
  std::optional<HrGapModel> hr_gaps;
  Basis basis =
      options.with_base ? fit_modes(comm, options, study, &hr_gaps) : build_basis(comm, options, study);
  basis.lr_gaps = gaps;
  // What another source is matched to, if one is applied.
  const LrStatistics lr = fit_lr_statistics(
      study.lr, basis.lr_ocean, lr_steps(train),
      harmonics_of_statistics(study.lr.times(), lr_steps(train), options.basis.harmonics), year, true, "data.train");
  if (options.with_base) {
    if (options.data.with_gaps() &&
        count_gaps(comm, study, basis, {validation.choosing, validation.held_out}, "data.validate") > 0 &&
        !hr_gaps)
      hr_gaps = fit_hr_gaps(comm, options, study, basis, train);
    const LinearGaussian base =
        build_base(comm, options, basis, study, train, validation, hr_gaps ? &*hr_gaps : nullptr);
    write_basis(comm, basis, path, lr_statistics_extras(comm, basis, lr, base_extras(comm, basis, base)));
  } else {
    write_basis(comm, basis, path, lr_statistics_extras(comm, basis, lr));
  }
  log::info(
      "{}: {} patches with ocean of {}, {} modes, {:.2f} % of the variance, checksum {}, peak memory "
      "{:.0f} MiB a rank",
      path, basis.patches.patch_of_token.size(), basis.decomposition.patches(), basis.modes,
      100 * basis.explained(comm), checksum_text(basis.checksum(comm)), comm.max(peak_memory_mib()));
  return 0;
}

}  // namespace podscale
