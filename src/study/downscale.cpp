#include "podscale/study/downscale.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "downscaled_files.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/units.hpp"
#include "podscale/file/kept_blocks.hpp"
#include "podscale/parallel/stop_point.hpp"
#include "podscale/study/block_fields.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/lead_level.hpp"
#include "podscale/study/lr_gaps.hpp"
#include "podscale/study/outside_training.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/regions.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {

DownscaleOptions downscale_options(const Context& context, const Foundation& foundation) {
  const OutputOptions& output = context.options.output;
  DownscaleOptions options;
  options.factors = output.write_factors;
  options.budget = output.write_budget;
  options.interval = output.interval;
  options.conformal = context.options.sampling.calibration == Correction::conformal;
  options.running = context.options.sampling.calibration == Correction::running;
  options.spread = output.spread;
  if (output.write_members) options.members = context.options.sampling.plan.members;
  if (options.interval > 0 &&
      std::none_of(calibration_levels.begin(), calibration_levels.end(),
                   [&](double level) { return std::abs(level - options.interval) < 1e-9; }))
    refuse(context.options, fmt::format("output.interval = {}; expected one of {}, or 0 for none",
                                        options.interval, fmt::join(calibration_levels, ", ")));
  const auto variables = product_variables(context.options, foundation.basis);
  context.comm.agree([&] {
    for (const ProductVariable& v : variables)
      options.unit_scale.push_back(std::abs(unit_conversion(v.working_units, v.units, "output.units").scale));
  });
  options.regions = region_functionals(context.comm, context.options, foundation.basis, variables);
  return options;
}

bool may_be_resumed(const StudyOptions& options) {
  return options.sampling.calibration != Correction::running && !options.output.ghrsst;
}

namespace {

/// What forecasts are told: the LR series with its gaps filled, and where that is so also with
/// what the filling does not know moved by its standard deviation.
struct Told {
  std::shared_ptr<const FieldSource> lr, past, shifted, past_shifted;
  std::optional<ConditionSeries> conditions, if_shifted;  // of these, the latter where something is filled
};

/// Collective. steps: of `files`, downscaled. past: nullptr where analyses are told of by the same
/// series.
Told what_is_told(const Communicator& comm, const Foundation& foundation,
                  const std::shared_ptr<const FieldSource>& files, std::span<const TimeInputs> times,
                  std::span<const long> steps, const std::shared_ptr<const FieldSource>& past) {
  const Basis& basis = foundation.basis;
  Told told;
  told.lr = with_gaps_filled(files, basis);
  if (past) told.past = with_gaps_filled(past, basis);
  told.conditions.emplace(conditions_of(foundation.space, *told.lr, comm, told.past.get()));
  if (basis.lr_gaps.empty()) return told;
  std::vector<long> read, then;  // of LR, of the past
  for (const TimeInputs& time : times)
    if (time.then >= 0) (past ? then : read).push_back(time.then);
  for (const long step : told.conditions->needed_steps(steps)) read.push_back(step);
  for (std::vector<long>* series : {&read, &then}) {  // times are told of the same analysis
    std::sort(series->begin(), series->end());
    series->erase(std::unique(series->begin(), series->end()), series->end());
  }
  const auto filled = [&](const std::shared_ptr<const FieldSource>& of, std::span<const long> at) {
    return of && !at.empty() ? GapFilled(of, basis.lr_gaps, basis.year).count(at) : 0;
  };
  if (filled(files, read) + filled(past, then) == 0) return told;
  told.shifted = with_gaps_filled(files, basis, true);
  if (past) told.past_shifted = with_gaps_filled(past, basis, true);
  told.if_shifted.emplace(conditions_of(foundation.space, *told.shifted, comm, told.past_shifted.get()));
  return told;
}

}  // namespace

void downscale(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
               const DownscaleOptions& options, const std::shared_ptr<const FieldSource>& files,
               std::span<const TimeInputs> times, const Analyses* analyses, const AppliedSource* applied,
               const std::shared_ptr<const FieldSource>& past, const RunIdentity& run) {
  const Communicator& comm = context.comm;
  const Basis& basis = foundation.basis;
  std::vector<long> steps;
  for (const TimeInputs& time : times) steps.push_back(time.step);
  const SampleAxis axis = subset(files->times(), steps);
  const Told told = what_is_told(comm, foundation, files, times, steps, past);
  DownscaledFiles written(context, foundation, forecaster, options, axis, times, analyses != nullptr, applied,
                          run.checksum());

  // Forecasting, decoding, writing, a block of times at a time.
  forecaster.use_calendar(axis.calendar);
  const FieldDecoder decoder(comm, foundation, forecaster, options);
  OutsideTraining outside(foundation.space);
  const auto blocks =
      blocks_of_samples(written.layout(), static_cast<std::size_t>(context.options.sampling.time_block));
  const std::vector<NetcdfFile*> files_of_blocks = written.files();
  // The running calibration remembers more than is in the files, and each file of GHRSST is
  // complete by itself.
  std::optional<KeptBlocks> kept;
  if (may_be_resumed(context.options))
    kept.emplace(comm, context.options.output.product_file.get(), run.text(), std::ssize(blocks),
                 written.most_bytes());
  Progress progress("downscaling", std::ssize(axis.samples), "times");
  long done = 0;
  for (long b = 0; b < std::ssize(blocks); ++b) {
    const std::vector<std::size_t>& block = blocks[static_cast<std::size_t>(b)];
    stop_point(comm);
    std::vector<float> phase;
    std::vector<std::uint64_t> key;
    std::vector<TimeInputs> of_block;
    std::vector<std::size_t> regime;
    for (const std::size_t t : block) {
      phase.push_back(static_cast<float>(basis.year_phase(axis, t)));
      key.push_back(axis.time_key(t));
      of_block.push_back(times[t]);
      regime.push_back(times[t].regime);
    }
    const auto condition = told.conditions->read(of_block, analyses);
    outside.add(block, condition);
    if (kept && kept->has(b)) {
      kept->replay(b, files_of_blocks);
      progress.skip(std::ssize(block));
      done += std::ssize(block);
      continue;
    }
    std::vector<float> raised;
    if (told.if_shifted)
      raised = raised_by_gaps(foundation.spaces, condition, *told.if_shifted, of_block, analyses);
    const auto level = lead_levels(context.options.sampling, axis, block);
    const auto batch =
        forecaster.forecast({.condition = condition,
                             .year_phase = phase,
                             .time_key = key,
                             .raised = raised,
                             .regime = regime,
                             .level = level,
                             .on_part = [&](double part) { progress.within(part, std::ssize(block)); }},
                            options.members, options.budget, decoder.needed_factor());
    BlockFields fields = decoder.decode(batch, axis, block, [&](std::size_t t, std::span<double> field) {
      written.add_signal(block[t], field);
    });
    const auto write = [&] {
      written.write(block, batch, condition, raised, fields);
      return written.all_written();
    };
    kept ? kept->record(b, files_of_blocks, write) : static_cast<void>(write());
    progress.update(done += std::ssize(block));
  }
  progress.finish();
  written.commit();
  if (kept) kept->remove();
  if (const std::string text = outside.text(comm, axis, told.lr->describe()); !text.empty())
    log::warn("{}", text);
}

}  // namespace podscale
