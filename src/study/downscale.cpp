#include "podscale/study/downscale.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/units.hpp"
#include "podscale/parallel/stop_point.hpp"
#include "podscale/study/applied_source.hpp"
#include "podscale/study/block_fields.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/discovery.hpp"
#include "podscale/study/ghrsst_file.hpp"
#include "podscale/study/lead_level.hpp"
#include "podscale/study/lr_gaps.hpp"
#include "podscale/study/outside_training.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/product_factors.hpp"
#include "podscale/study/realization_spread.hpp"
#include "podscale/study/regions.hpp"
#include "podscale/study/running_calibration.hpp"
#include "podscale/study/signal_field.hpp"

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

void downscale(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
               const DownscaleOptions& options, const std::shared_ptr<const FieldSource>& files,
               std::span<const TimeInputs> times, const Analyses* analyses, const AppliedSource* applied,
               const std::shared_ptr<const FieldSource>& past) {
  const Communicator& comm = context.comm;
  const Basis& basis = foundation.basis;
  const OutputOptions& output = context.options.output;
  const bool from_members = forecaster.kind() == Uncertainty::ensemble;
  std::vector<long> steps, read, then;  // of LR: downscaled, and read for it; of the past
  std::vector<std::size_t> regimes;
  for (const TimeInputs& time : times) {
    steps.push_back(time.step);
    regimes.push_back(time.regime);
    if (time.then >= 0) (past ? then : read).push_back(time.then);
  }
  const SampleAxis axis = subset(files->times(), steps);

  // 1. What forecasts are told, and where that is filled.
  const auto lr = with_gaps_filled(files, basis);
  const auto past_lr = past ? with_gaps_filled(past, basis) : nullptr;
  const ConditionSeries conditions = conditions_of(foundation.space, *lr, comm, past_lr.get());
  std::shared_ptr<const FieldSource> shifted, past_shifted;  // where something is
  for (const long step : conditions.needed_steps(steps)) read.push_back(step);
  for (std::vector<long>* series : {&read, &then}) {  // times are told of the same analysis
    std::sort(series->begin(), series->end());
    series->erase(std::unique(series->begin(), series->end()), series->end());
  }
  std::optional<ConditionSeries> if_shifted;
  const auto filled = [&](const std::shared_ptr<const FieldSource>& of, std::span<const long> at) {
    return of && !at.empty() ? GapFilled(of, basis.lr_gaps, basis.year).count(at) : 0;
  };
  if (!basis.lr_gaps.empty() && filled(files, read) + filled(past, then) > 0) {
    shifted = with_gaps_filled(files, basis, true);
    if (past) past_shifted = with_gaps_filled(past, basis, true);
    if_shifted.emplace(conditions_of(foundation.space, *shifted, comm, past_shifted.get()));
  }

  // 2. The files. Those of GHRSST say what all files of the product say, and the rest their own way.
  ProductOptions written = product_options(context.options, basis);
  written.members = options.members;
  written.extra = extra_fields(options);
  written.region_boxes = output.region_boxes;
  written.regions = output.region_names;
  written.region_series = region_series(context.options, written.variables);
  written.spread = options.spread;
  for (const TimeInputs& time : times)
    if (analyses) written.history_age.push_back(time.age > 0 ? time.age : std::nan(""));
  const std::string& path = output.product_file.get();
  Attributes about = product_attributes(context, foundation, forecaster, written.variables);
  if (applied) add_missing(about, applied->attributes());
  std::optional<SignalField> signal;
  if (applied && applied->has_signal()) signal.emplace(comm, basis);
  if (options.factors) {
    std::string made_of;
    for (const Attribute& a : about) made_of += a.text;
    add_missing(about, factor_tie(path, made_of));
  }
  written.attributes = about;
  add_missing(written.attributes, place_attributes(basis.mesh));
  add_missing(written.attributes, time_attributes(in_order_of_time(axis)));
  add_missing(written.attributes,
              calibration_attributes(forecaster, context.options.sampling.calibration_name, regimes));
  ProductFile product(comm, path, basis.mesh, basis.window, axis, written);
  ProductFactors factors(comm, foundation.space, from_members ? forecaster.plan().members : 0,
                               forecaster.inflation().truncation, written.deflate, options.unit_scale);
  std::set<std::size_t> further(regimes.begin(), regimes.end());
  further.erase(0);
  factors.set_regimes(foundation.spaces, {further.begin(), further.end()});
  std::optional<NetcdfFile> factor_file;
  if (options.factors) {
    Attributes of_factors = about;
    std::vector<std::string> names;
    for (Attribute& a : of_factors)
      if (a.name == "title") a.text += ": the factors of its covariance";
    for (const ProductVariable& v : written.variables) {
      names.push_back(v.name);
      of_factors.push_back(
          {cell_methods_of(v.name), product.file().text(v.name, "cell_methods").value_or("")});
    }
    of_factors.push_back({"podscale_rounding", fmt::format("{}", written.rounding)});
    factor_file = factors.create(factors_path(path), axis, names, of_factors, [&](NetcdfFile& file) {
      if (signal) define_signal(file, basis, written.deflate);
    });
  }
  std::optional<RunningCalibration> running;
  if (options.running)
    running.emplace(context, foundation, axis,
                    Attributes{{"podscale_basis_checksum", foundation.space.checksum(comm)},
                               {"podscale_model_checksum", forecaster.model_checksum()},
                               {"podscale_uncertainty", uncertainty_name(forecaster.kind())}});
  std::optional<GhrsstFiles> ghrsst;
  written.attributes = about;
  if (output.ghrsst)
    ghrsst.emplace(comm, output.directory, output.ghrsst_name, basis.mesh, basis.window, basis.ocean, axis,
                   written);

  // 3. Forecasting, decoding, writing, a block of times at a time.
  forecaster.use_calendar(axis.calendar);
  const FieldDecoder decoder(comm, foundation, forecaster, options);
  OutsideTraining outside(foundation.space);
  const std::size_t n = basis.points();
  SpreadSums sums(product.layout(), n);
  Progress progress("downscaling", std::ssize(axis.samples), "times");
  long done = 0;
  for (const std::vector<std::size_t>& block :
       blocks_of_samples(product.layout(), static_cast<std::size_t>(context.options.sampling.time_block))) {
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
    const auto condition = conditions.read(of_block, analyses);
    outside.add(block, condition);
    std::vector<float> raised;
    if (if_shifted) raised = raised_by_gaps(foundation.spaces, condition, *if_shifted, of_block, analyses);
    const auto level = lead_levels(context.options.sampling, axis, block);
    const auto batch = forecaster.forecast({.condition = condition,
                                            .year_phase = phase,
                                            .time_key = key,
                                            .raised = raised,
                                            .regime = regime,
                                            .level = level},
                                           options.members, options.budget, decoder.needed_factor());
    BlockFields fields = decoder.decode(batch, axis, block, [&](std::size_t t, std::span<double> field) {
      if (signal) signal->add(applied->signal(of_block[t].step), field);
    });
    if (running) running->apply(batch, block.front(), forecaster.inflation().truncation, options, fields);
    product.write(block, fields.mean, fields.variance, fields.members, fields.extra);
    if (options.spread)
      for (const std::size_t time : sums.add(block, fields.mean, fields.variance))
        product.write_spread(time, sums.take(time));
    for (std::size_t t = 0; ghrsst && t < block.size(); ++t)
      ghrsst->write(block[t], std::span(fields.mean).subspan(t * n, n),
                    std::span(fields.variance).subspan(t * n, n));
    if (!options.regions.empty()) product.write_regions(block, fields.region_mean, fields.region_variance);
    if (factor_file) factors.put(*factor_file, block, batch.forecasts, condition, raised);
    for (std::size_t t = 0; factor_file && signal && t < block.size(); ++t)
      put_signal(comm, *factor_file, basis, block[t], applied->signal(of_block[t].step));
    progress.update(done += std::ssize(block));
  }
  progress.finish();
  product.file().complete();
  if (factor_file) factor_file->commit();
  product.commit();
  if (running) running->commit();
  if (const std::string text = outside.text(comm, axis, lr->describe()); !text.empty()) log::warn("{}", text);
}

}  // namespace podscale
