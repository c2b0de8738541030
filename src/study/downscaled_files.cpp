#include "downscaled_files.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "podscale/study/discovery.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/regions.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {

/// The GHRSST files say what all files of the product say, and the rest their own way.
DownscaledFiles::DownscaledFiles(const Context& context, const Foundation& foundation,
                                 const Forecaster& forecaster, const DownscaleOptions& options,
                                 const SampleAxis& axis, std::span<const TimeInputs> times, bool has_history,
                                 const AppliedSource* applied, const std::string& run)
    : context_(context),
      basis_(foundation.basis),
      options_(options),
      truncation_(forecaster.inflation().truncation),
      times_(times),
      applied_(applied) {
  const Communicator& comm = context.comm;
  const OutputOptions& output = context.options.output;
  const std::string& path = output.product_file.get();
  std::vector<std::size_t> regimes;
  for (const TimeInputs& time : times) regimes.push_back(time.regime);
  ProductOptions written = fields_of_product(output, has_history);
  Attributes about = product_attributes(context, foundation, forecaster, written.variables);
  about.push_back({kRunAttribute, run});
  if (applied) add_missing(about, applied->attributes());
  if (applied && applied->has_signal()) signal_.emplace(comm, basis_);
  if (options.factors) {
    std::string made_of;
    for (const Attribute& a : about) made_of += a.text;
    add_missing(about, factor_tie(path, made_of));
  }
  written.attributes = about;
  add_missing(written.attributes, place_attributes(basis_.mesh));
  add_missing(written.attributes, time_attributes(in_order_of_time(axis)));
  add_missing(written.attributes,
              calibration_attributes(forecaster, context.options.sampling.calibration_name, regimes));
  product_.emplace(comm, path, basis_.mesh, basis_.window, axis, written);
  if (options.factors) create_factors(foundation, forecaster, axis, regimes, written, about);
  if (options.running)
    running_.emplace(context, foundation, axis,
                     Attributes{{"podscale_basis_checksum", foundation.space.checksum(comm)},
                                {"podscale_model_checksum", forecaster.model_checksum()},
                                {"podscale_uncertainty", uncertainty_name(forecaster.kind())}});
  written.attributes = about;
  if (output.ghrsst)
    ghrsst_.emplace(comm, output.directory, output.ghrsst_name, basis_.mesh, basis_.window, basis_.ocean,
                    axis, written);
  sums_.emplace(product_->layout(), basis_.points());
}

ProductOptions DownscaledFiles::fields_of_product(const OutputOptions& output, bool has_history) const {
  ProductOptions written = product_options(context_.options, basis_);
  written.members = options_.members;
  written.extra = extra_fields(options_);
  written.region_boxes = output.region_boxes;
  written.regions = output.region_names;
  written.region_series = region_series(context_.options, written.variables);
  written.spread = options_.spread;
  for (const TimeInputs& time : times_)
    if (has_history) written.history_age.push_back(time.age > 0 ? time.age : std::nan(""));
  return written;
}

void DownscaledFiles::create_factors(const Foundation& foundation, const Forecaster& forecaster,
                                     const SampleAxis& axis, std::span<const std::size_t> regimes,
                                     const ProductOptions& written, const Attributes& about) {
  const bool from_members = forecaster.kind() == Uncertainty::ensemble;
  factors_.emplace(context_.comm, foundation.space, from_members ? forecaster.plan().members : 0, truncation_,
                   written.deflate, options_.unit_scale);
  std::set<std::size_t> further(regimes.begin(), regimes.end());
  further.erase(0);
  factors_->set_regimes(foundation.spaces, {further.begin(), further.end()});
  Attributes of_factors = about;
  std::vector<std::string> names;
  for (Attribute& a : of_factors)
    if (a.name == "title") a.text += ": the factors of its covariance";
  for (const ProductVariable& v : written.variables) {
    names.push_back(v.name);
    of_factors.push_back(
        {cell_methods_of(v.name), product_->file().text(v.name, "cell_methods").value_or("")});
  }
  of_factors.push_back({"podscale_rounding", fmt::format("{}", written.rounding)});
  const std::string path = factors_path(context_.options.output.product_file.get());
  factor_file_ = factors_->create(path, axis, names, of_factors, [&](NetcdfFile& file) {
    if (signal_) define_signal(file, basis_, written.deflate);
  });
}

void DownscaledFiles::add_signal(std::size_t time, std::span<double> field) const {
  if (signal_) signal_->add(applied_->signal(times_[time].step), field);
}

void DownscaledFiles::write(std::span<const std::size_t> block, const Forecaster::Batch& batch,
                            std::span<const float> condition, std::span<const float> raised,
                            BlockFields& fields) {
  if (running_) running_->apply(batch, block.front(), truncation_, options_, fields);
  product_->write(block, fields.mean, fields.variance, fields.members, fields.extra);
  if (options_.spread)
    for (const std::size_t time : sums_->add(block, fields.mean, fields.variance))
      product_->write_spread(time, sums_->take(time));
  const std::size_t n = basis_.points();
  for (std::size_t t = 0; ghrsst_ && t < block.size(); ++t)
    ghrsst_->write(block[t], std::span(fields.mean).subspan(t * n, n),
                   std::span(fields.variance).subspan(t * n, n));
  if (!options_.regions.empty()) product_->write_regions(block, fields.region_mean, fields.region_variance);
  if (!factor_file_) return;
  factors_->put(*factor_file_, block, batch.forecasts, condition, raised);
  for (std::size_t t = 0; signal_ && t < block.size(); ++t)
    put_signal(context_.comm, *factor_file_, basis_, block[t], applied_->signal(times_[block[t]].step));
}

std::vector<NetcdfFile*> DownscaledFiles::files() {
  std::vector<NetcdfFile*> all{&product_->file()};
  if (factor_file_) all.push_back(&*factor_file_);
  return all;
}

std::uint64_t DownscaledFiles::most_bytes() {
  std::uint64_t bytes = 0;
  for (const NetcdfFile* file : files()) bytes += file->most_bytes();
  return bytes;
}

void DownscaledFiles::commit() {
  product_->file().complete();
  if (factor_file_) factor_file_->commit();
  product_->commit();
  if (running_) running_->commit();
}

}  // namespace podscale
