#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/units.hpp"
#include "podscale/core/version.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/discovery.hpp"
#include "podscale/study/downscale.hpp"
#include "podscale/study/ghrsst_file.hpp"
#include "podscale/study/lr_mesh.hpp"
#include "podscale/study/outside_training.hpp"
#include "podscale/study/product_factors.hpp"
#include "podscale/study/runs.hpp"
#include "podscale/study/series.hpp"
#include "podscale/study/study_watch.hpp"

namespace podscale {
namespace {

[[noreturn]] void refuse(const StudyOptions& options, const std::string& message) {
  throw Error(ExitCode::usage, options.source + ": " + message, true);  // alike on every rank
}

/// regions.differences as pairs of channels.
std::vector<std::pair<std::size_t, std::size_t>> differences(const Context& context,
                                                             const std::vector<ProductVariable>& variables) {
  const auto& names = context.options.output.region_differences;
  if (names.size() % 2 != 0)
    refuse(context.options, fmt::format("regions.differences has {} names; expected pairs", names.size()));
  const auto channel = [&](const std::string& name) {
    for (std::size_t c = 0; c < variables.size(); ++c)
      if (variables[c].name == name) return c;
    refuse(context.options, fmt::format("regions.differences: no variable '{}' in the product", name));
  };
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i + 1 < names.size(); i += 2) {
    pairs.emplace_back(channel(names[i]), channel(names[i + 1]));
    const auto &a = variables[pairs.back().first], &b = variables[pairs.back().second];
    if (a.working_units != b.working_units)
      refuse(context.options, fmt::format("regions.differences: {} is in {}, {} in {}; expected one unit",
                                          a.name, a.working_units, b.name, b.working_units));
  }
  return pairs;
}

/// Functionals of each series on each region: [series][regions].
std::vector<Functional> regions(const Context& context, const Foundation& foundation) {
  const auto& names = context.options.output.region_names;
  const auto& boxes = context.options.output.region_boxes;
  if (boxes.size() != 4 * names.size())
    refuse(context.options, fmt::format("regions.boxes has {} numbers for {} names; "
                                        "expected south, north, west, east for each",
                                        boxes.size(), names.size()));
  const Basis& basis = foundation.basis;
  std::vector<Functional> boxed;
  for (std::size_t r = 0; r < names.size(); ++r) {
    if (names[r].find_first_of(" \t") != std::string::npos)
      refuse(context.options,
             fmt::format("regions.names: '{}' has a blank; expected one word, as 'gulf_stream'", names[r]));
    const Box box{boxes[4 * r], boxes[4 * r + 1], boxes[4 * r + 2], boxes[4 * r + 3]};
    Functional f{names[r], box_weights(basis.mesh, basis.window, basis.ocean, box)};
    normalise_weights(context.comm, f.weights, fmt::format("regions: {}", names[r]), basis.mesh.points());
    boxed.push_back(std::move(f));
  }
  const auto variables = product_variables(context.options, basis);
  std::vector<Functional> result;
  const auto add = [&](std::size_t plus, std::optional<std::size_t> minus) {
    for (const Functional& box : boxed) {
      Functional f{box.name, std::vector<double>(basis.points(), 0.0)};
      const std::size_t n = box.weights.size();
      for (std::size_t i = 0; i < n; ++i) {
        f.weights[plus * n + i] += box.weights[i];
        if (minus) f.weights[*minus * n + i] -= box.weights[i];
      }
      result.push_back(std::move(f));
    }
  };
  for (std::size_t c = 0; c < variables.size(); ++c) add(c, std::nullopt);
  for (const auto& [a, b] : differences(context, variables)) add(a, b);
  return result;
}

std::string summary_of(const ProductOptions& options) {
  std::vector<std::string> names;
  for (const ProductVariable& v : options.variables) names.push_back(v.long_name);
  return fmt::format("Predictive mean and standard deviation of {}, downscaled from a coarser field",
                     fmt::join(names, ", "));
}

std::string keywords_of(const ProductOptions& options) {
  std::vector<std::string> words{"downscaling", "uncertainty"};
  for (const ProductVariable& v : options.variables)
    if (!v.standard_name.empty()) words.push_back(v.standard_name);
  return fmt::format("{}", fmt::join(words, ", "));
}

ProductOptions product_of(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
                          const DownscaleOptions& wanted) {
  const OutputOptions& output = context.options.output;
  ProductOptions options = product_options(context.options, foundation.basis);
  options.members = wanted.members;
  options.attributes = {
      {"title", output.title},
      {"institution", output.institution},
      {"source", "podscale " + version() + ", Patch-PODiff-ViT (arXiv 2606.31290)"},
      {"history", context.comm.broadcast(history_line())},
      {"references", "arXiv 2606.31290, arXiv 2605.03399"},
      {"summary", summary_of(options)},
      {"keywords", keywords_of(options)},
      {"standard_name_vocabulary", "CF Standard Name Table"},
      {"processing_level", "L4"},
      {"podscale_uncertainty", uncertainty_name(forecaster.kind())},
      {"podscale_basis_checksum", foundation.space.checksum(context.comm)},
      {"podscale_model_checksum", forecaster.model_checksum()},
      {"podscale_namelist", effective_with(context.options, forecaster.kind())}};
  options.attributes.emplace_back("date_created", context.comm.broadcast(utc_now()));
  for (const auto& attribute : output.attributes) {
    std::erase_if(options.attributes, [&](const auto& a) { return a.first == attribute.first; });
    options.attributes.push_back(attribute);
  }
  if (forecaster.kind() == Uncertainty::ensemble)
    options.attributes.emplace_back("podscale_ensemble_size", std::to_string(forecaster.plan().members));
  if (wanted.budget)
    options.extra = {
        {"_variance_patch", "variance of the retained modes inside a patch", ExtraField::variance},
        {"_variance_cross_patch", "variance of the retained modes across patches", ExtraField::variance},
        {"_variance_truncation", "variance of the modes left out", ExtraField::variance},
        {"_variance_calibration", "variance added by calibration", ExtraField::variance}};
  if (wanted.interval > 0)
    for (const char* side : {"lower", "upper"})
      options.extra.push_back(
          {fmt::format("_{}", side),
           fmt::format("{} bound of the central {:.0f} % interval", side, 100 * wanted.interval)});
  options.region_boxes = output.region_boxes;
  options.regions = output.region_names;
  for (const ProductVariable& v : options.variables)
    options.region_series.push_back({v.name, v.long_name, v.units, v.working_units});
  for (const auto& [a, b] : differences(context, options.variables)) {
    const ProductVariable &first = options.variables[a], &second = options.variables[b];
    options.region_series.push_back(
        {first.name + "_minus_" + second.name, first.long_name + " less " + second.long_name,
         difference_units(first.working_units), difference_units(first.working_units)});
  }
  return options;
}

bool given(const ProductOptions& options, const std::string& attribute) {
  return std::any_of(options.attributes.begin(), options.attributes.end(),
                     [&](const auto& a) { return a.first == attribute; });
}

GhrsstFiles ghrsst_files(const Context& context, const Basis& basis, const SampleAxis& axis,
                         const ProductOptions& options) {
  return GhrsstFiles(context.comm, context.options.output.directory, context.options.output.ghrsst_name,
                     basis.mesh, basis.window, basis.ocean, axis, options);
}

/// Refuses what the output is asked for and cannot be, before the work.
void require_storable(const Context& context, const Foundation& foundation, const SampleAxis& axis) {
  if (context.options.output.zstd && !zstd_available())
    refuse(context.options,
           "output.compression = 'zstd', but HDF5 has no Zstandard filter (32015) here; install the plugin "
           "and name its folder in HDF5_PLUGIN_PATH, or write 'deflate'");
  if (context.options.output.ghrsst)
    ghrsst_files(context, foundation.basis, axis, product_options(context.options, foundation.basis));
}

/// What was done to the variance, as attributes.
void describe_calibration(NetcdfFile& file, const Forecaster& forecaster, const std::string& method) {
  file.put_text("", "podscale_calibration", forecaster.calibration() ? method : "none");
  if (!forecaster.calibration()) return;
  const Calibration& c = *forecaster.calibration();
  const auto put = [&](const char* name, const auto& values) {
    file.put_numbers("", name, {values.begin(), values.end()});
  };
  file.put_numbers("", "podscale_calibration_inflation", c.inflation.numbers());
  put("podscale_calibration_levels", calibration_levels);
  put("podscale_calibration_coverage_before", c.before);
  put("podscale_calibration_coverage_after", c.after);
  put("podscale_calibration_conformal_half_width", c.half_width);
  file.put_numbers("", "podscale_calibration_times", {static_cast<double>(c.times)}, NC_INT);
  file.put_numbers("", "podscale_calibration_held_out_times", {static_cast<double>(c.held_out)}, NC_INT);
  file.put_text("", "podscale_calibration_split", c.split());
  file.put_text("", "podscale_calibration_period", c.period);
  if (!c.note.empty()) file.put_text("", "podscale_calibration_note", c.note);
}

/// Half width of the interval in standard deviations.
double half_width(const DownscaleOptions& options, const Forecaster& forecaster) {
  for (std::size_t i = 0; i < calibration_levels.size(); ++i)
    if (std::abs(options.interval - calibration_levels[i]) < 1e-9)
      return options.conformal ? forecaster.calibration()->half_width[i]
                               : central_half_width(calibration_levels[i]);
  return 0;
}

/// The fields of one block of times, [times][values of a field] each.
class BlockFields {
 public:
  BlockFields(std::size_t points, std::size_t times, std::size_t members, std::size_t extra)
      : mean(points * times),
        variance(points * times),
        members(points * times * members),
        extra(extra, std::vector<double>(points * times)),
        points_(points),
        times_(times) {}
  std::span<double> at(std::vector<double>& field, std::size_t time) const {
    return std::span(field).subspan(time * points_, points_);
  }
  std::span<double> member(std::size_t m, std::size_t time) {
    return std::span(members).subspan((m * times_ + time) * points_, points_);
  }
  std::vector<double> mean, variance, members;
  std::vector<std::vector<double>> extra;

 private:
  std::size_t points_, times_;
};

}  // namespace

std::vector<ProductVariable> product_variables(const StudyOptions& options, const Basis& basis) {
  const auto text = [&](const char* key, const std::string& wanted, const std::string& of_source) {
    if (!wanted.empty() && basis.channels() > 1)
      refuse(options, fmt::format("{} = '{}' for {} variables; expected '': each keeps its own", key, wanted,
                                  basis.channels()));
    return wanted.empty() ? of_source : wanted;
  };
  const OutputOptions& output = options.output;
  std::vector<ProductVariable> variables;
  for (const Variable& v : basis.variables)
    variables.push_back(
        {text("output.variable_name", output.variable_name, v.name),
         text("output.standard_name", output.standard_name, v.standard_name),
         text("output.long_name", output.long_name, v.long_name.empty() ? v.name : v.long_name),
         text("output.units", output.units, v.working_units), v.working_units, v.cell_methods});
  return variables;
}

ProductOptions product_options(const StudyOptions& asked, const Basis& basis) {
  ProductOptions options;
  options.variables = product_variables(asked, basis);
  options.deflate = asked.output.deflate;
  options.zstd = asked.output.zstd;
  options.rounding = asked.output.rounding;
  if (asked.output.series) options.chunk_times = asked.sampling.time_block;
  options.chunk = basis.decomposition.chunk_shape();
  return options;
}

DownscaleOptions downscale_options(const Context& context, const Foundation& foundation) {
  const OutputOptions& output = context.options.output;
  DownscaleOptions options;
  options.factors = output.write_factors;
  options.budget = output.write_budget;
  options.interval = output.interval;
  options.conformal = context.options.sampling.calibration == Correction::conformal;
  if (output.write_members) options.members = context.options.sampling.plan.members;
  if (options.interval > 0 &&
      std::none_of(calibration_levels.begin(), calibration_levels.end(),
                   [&](double level) { return std::abs(level - options.interval) < 1e-9; }))
    refuse(context.options, fmt::format("output.interval = {}; expected one of {}, or 0 for none",
                                        options.interval, fmt::join(calibration_levels, ", ")));
  context.comm.agree([&] {
    for (const ProductVariable& v : product_variables(context.options, foundation.basis))
      options.unit_scale.push_back(std::abs(unit_conversion(v.working_units, v.units, "output.units").scale));
  });
  options.regions = regions(context, foundation);
  return options;
}

void downscale(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
               const DownscaleOptions& options, const std::shared_ptr<const FieldSource>& files,
               std::span<const long> steps) {
  const Communicator& comm = context.comm;
  const Basis& basis = foundation.basis;
  const bool from_members = forecaster.kind() == Uncertainty::ensemble;
  const SampleAxis axis = subset(files->times(), steps);
  const auto lr = with_gaps_filled(files, basis), shifted = with_gaps_filled(files, basis, true);
  const ConditionSeries conditions = conditions_of(foundation.space, *lr, comm);
  std::optional<ConditionSeries> if_shifted;
  if (!basis.lr_gaps.empty() && GapFilled(files, basis.lr_gaps, basis.year).count(steps) > 0) {
    if (from_members)
      log::warn("sampling.uncertainty = 'ensemble': its variance is not raised where LR cells are filled");
    else
      if_shifted.emplace(conditions_of(foundation.space, *shifted, comm));
  }
  const double truncation = forecaster.inflation().truncation, width = half_width(options, forecaster);
  ProductOptions product_options_ = product_of(context, foundation, forecaster, options);
  const ProductFactors factors(comm, foundation.space, from_members ? forecaster.plan().members : 0,
                               truncation, product_options_.deflate, options.unit_scale);
  const FunctionalSet regions(basis, options.regions);
  OutsideTraining outside(foundation.space);
  const std::string& path = context.options.output.product_file.get();
  auto& attributes = product_options_.attributes;
  if (options.factors) {
    std::string made_of;
    for (const auto& [name, text] : attributes) made_of += text;
    for (const auto& tie : factor_tie(path, made_of)) attributes.push_back(tie);
  }
  const Attributes about = discovery_attributes(basis.mesh, axis);
  product_options_.define = [&](NetcdfFile& file, const MeshNames&) {
    for (const auto& [name, value] : about.texts)
      if (!given(product_options_, name)) file.put_text("", name, value);
    for (const auto& [name, value] : about.numbers)
      if (!given(product_options_, name)) file.put_numbers("", name, {value});
    describe_calibration(file, forecaster, context.options.sampling.calibration_name);
  };
  ProductFile product(comm, path, basis.mesh, basis.window, axis, product_options_);
  std::optional<NetcdfFile> factor_file;
  if (options.factors) {
    std::vector<std::string> names;
    auto of_factors = attributes;
    of_factors.front().second += ": the factors of its covariance";
    for (const ProductVariable& v : product_options_.variables) {
      names.push_back(v.name);
      of_factors.emplace_back(cell_methods_of(v.name),
                              product.file().text(v.name, "cell_methods").value_or(""));
    }
    of_factors.emplace_back("podscale_rounding", fmt::format("{}", product_options_.rounding));
    factor_file = factors.create(factors_path(path), axis, names, of_factors);
  }

  std::optional<GhrsstFiles> ghrsst;
  if (context.options.output.ghrsst) ghrsst.emplace(ghrsst_files(context, basis, axis, product_options_));

  const std::size_t n = basis.points();
  const auto work = [&](std::size_t first, std::size_t count) {
    if (comm.max(stop_requested() ? 1 : 0) != 0)
      throw Error(ExitCode::requeue,
                  "stopped by a signal or the time limit; no product was written: run again", true);
    std::vector<float> phase;
    std::vector<std::uint64_t> key;
    for (std::size_t t = first; t < first + count; ++t) {
      phase.push_back(static_cast<float>(basis.year_phase(axis, t)));
      key.push_back(axis.time_key(t));
    }
    const auto condition = conditions.read(steps.subspan(first, count));
    outside.add(first, condition);
    std::vector<float> raised;
    if (if_shifted)
      raised = raised_by_gaps(foundation.space, condition, *if_shifted, steps.subspan(first, count));
    const auto batch = forecaster.forecast({condition, phase, key, raised}, options.members, options.budget);

    BlockFields fields(n, count, static_cast<std::size_t>(options.members), product_options_.extra.size());
    std::vector<double> climatology(n), region_mean, region_variance;
    for (std::size_t t = 0; t < count; ++t) {
      const CoefficientForecast& forecast = batch.forecasts[t];
      basis.hr_climatology.evaluate(basis.year_phase(axis, first + t), climatology);
      const auto mean = fields.at(fields.mean, t), variance = fields.at(fields.variance, t);
      decode_forecast(basis, forecast, truncation, climatology, mean, variance);
      for (int m = 0; m < options.members; ++m)
        decode_member(basis, batch.members[t][m], climatology, fields.member(static_cast<std::size_t>(m), t));
      std::size_t extra = 0;
      if (options.budget) {
        const VarianceBudget budget = variance_budget(basis, forecast, forecaster.inflation());
        for (const auto* part : {&budget.patch, &budget.cross_patch, &budget.truncation, &budget.calibration})
          std::copy(part->begin(), part->end(), fields.at(fields.extra[extra++], t).begin());
      }
      for (const double sign : {-1.0, 1.0}) {
        if (options.interval <= 0) break;
        const auto bound = fields.at(fields.extra[extra++], t);
        for (std::size_t i = 0; i < n; ++i) bound[i] = mean[i] + sign * width * std::sqrt(variance[i]);
      }
      if (regions.size() == 0) continue;
      for (const FunctionalForecast& f : regions.evaluate(comm, forecast, truncation, climatology)) {
        region_mean.push_back(f.mean);
        region_variance.push_back(f.variance);
      }
    }
    product.write(first, count, fields.mean, fields.variance, fields.members, fields.extra);
    for (std::size_t t = 0; ghrsst && t < count; ++t)
      ghrsst->write(first + t, fields.at(fields.mean, t), fields.at(fields.variance, t));
    if (regions.size() > 0) product.write_regions(first, count, region_mean, region_variance);
    if (factor_file) factors.put(*factor_file, first, batch.forecasts, condition);
  };
  for_blocks("downscaling", steps.size(), context.options.sampling.time_block, work);
  product.file().complete();
  if (factor_file) factor_file->commit();
  product.commit();
  if (const std::string text = outside.text(comm, axis, lr->describe()); !text.empty()) log::warn("{}", text);
}

int run_downscale(const Context& context, const NetworkBackend& backend) {
  const Communicator& comm = context.comm;
  const StudyOptions& options = context.options;
  const std::string& product = options.output.product_file.get();

  // 1. Basis, model and the LR steps of the period.
  backend.tune_process(options.run.threads);
  const Foundation foundation(comm, options);
  const Forecaster forecaster(comm, foundation, options, backend);
  // The judge of values reads all fields before they are downscaled.
  const auto cache =
      std::make_shared<FieldCache>(static_cast<std::size_t>(options.data.cache_mib) << 20, comm.size());
  const auto lr = open_lr(comm, options.data, cache, &foundation.basis);
  require_lr_mesh(*lr, foundation.basis, foundation.path);
  require_same_variables(*lr, foundation.basis, foundation.basis.lr_names, foundation.path);
  const auto steps = lr_steps_of_period(*lr, options.data.downscale, foundation.reference->predictors.lags,
                                        foundation.basis.lr_step);
  watch_downscaling(context.namelist, foundation.basis, foundation.path, options.data, *lr);
  log::info("{}: {} times of {}, {}", product, steps.size(), lr->describe(), forecaster.description());
  const DownscaleOptions wanted = downscale_options(context, foundation);
  require_storable(context, foundation, subset(lr->times(), steps));
  warn_of_damping(options);
  judge_values(*lr, steps, options.data.doubts);
  if (context.check) return 0;
  std::vector<std::string> outputs{product};
  if (wanted.factors) outputs.push_back(factors_path(product));
  const auto locks = context.claim(outputs);

  // 2. Forecasting, decoding, writing, a block of times at a time.
  downscale(context, foundation, forecaster, wanted, lr, steps);
  return 0;
}

}  // namespace podscale
