#include "podscale/study/product_description.hpp"

#include <set>
#include <fmt/ranges.h>

#include "podscale/core/error.hpp"
#include "podscale/core/version.hpp"

namespace podscale {
namespace {

std::string summary_of(const std::vector<ProductVariable>& variables) {
  std::vector<std::string> names;
  for (const ProductVariable& v : variables) names.push_back(v.long_name);
  return fmt::format("Predictive mean and standard deviation of {}, downscaled from a coarser field",
                     fmt::join(names, ", "));
}

std::string keywords_of(const std::vector<ProductVariable>& variables) {
  std::vector<std::string> words{"downscaling", "uncertainty"};
  for (const ProductVariable& v : variables)
    if (!v.standard_name.empty()) words.push_back(v.standard_name);
  return fmt::format("{}", fmt::join(words, ", "));
}

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

Attributes product_attributes(const Context& context, const Foundation& foundation,
                              const Forecaster& forecaster, const std::vector<ProductVariable>& variables) {
  const OutputOptions& output = context.options.output;
  Attributes attributes = {{"title", output.title},
                           {"institution", output.institution},
                           {"source", "podscale " + version() + ", Patch-PODiff-ViT (arXiv 2606.31290)"},
                           {"history", context.comm.broadcast(history_line())},
                           {"references", "arXiv 2606.31290, arXiv 2605.03399"},
                           {"summary", summary_of(variables)},
                           {"keywords", keywords_of(variables)},
                           {"standard_name_vocabulary", "CF Standard Name Table"},
                           {"processing_level", "L4"},
                           {"podscale_uncertainty", uncertainty_name(forecaster.kind())},
                           {"podscale_basis_checksum", foundation.space.checksum(context.comm)},
                           {"podscale_model_checksum", forecaster.model_checksum()},
                           {"podscale_namelist", effective_with(context.options, forecaster.kind())},
                           {"date_created", context.comm.broadcast(utc_now())}};
  for (const auto& [name, text] : output.attributes) {
    std::erase_if(attributes, [&](const Attribute& a) { return a.name == name; });
    attributes.push_back({name, text});
  }
  if (forecaster.kind() == Uncertainty::ensemble)
    add_missing(attributes, {{"podscale_ensemble_size", std::to_string(forecaster.plan().members)}});
  return attributes;
}

Attributes calibration_attributes(const Forecaster& forecaster, const std::string& method,
                                  std::span<const std::size_t> regimes) {
  const std::set<std::size_t> used(regimes.begin(), regimes.end());
  const std::size_t leading = used.size() == 1 ? *used.begin() : 0;
  if (!forecaster.calibration(leading)) return {{"podscale_calibration", "none"}};
  const Calibration& c = *forecaster.calibration(leading);
  const auto numbers = [](const auto& values) { return std::vector<double>(values.begin(), values.end()); };
  Attributes attributes = {{"podscale_calibration", method},
          {"podscale_calibration_inflation", "", c.inflation.numbers()},
          {"podscale_calibration_levels", "", numbers(calibration_levels)},
          {"podscale_calibration_coverage_before", "", numbers(c.before)},
          {"podscale_calibration_coverage_after", "", numbers(c.after)},
          {"podscale_calibration_conformal_half_width", "", numbers(c.half_width)},
          {"podscale_calibration_times", "", {static_cast<double>(c.times)}, NC_INT},
          {"podscale_calibration_held_out_times", "", {static_cast<double>(c.held_out)}, NC_INT},
          {"podscale_calibration_split", c.split()},
          {"podscale_calibration_period", c.period},
          {"podscale_calibration_note", c.note}};
  if (c.degrees_of_freedom > 0)
    attributes.push_back({"podscale_degrees_of_freedom", "", {c.degrees_of_freedom}});
  if (used.empty() || (used.size() == 1 && leading == 0)) return attributes;
  for (const std::size_t regime : used)
    attributes.push_back({fmt::format("podscale_calibration_inflation_{}", regime), "",
                          forecaster.calibration(regime)->inflation.numbers()});
  if (used.size() == 1) return attributes;
  // No half width holds for all times.
  std::erase_if(attributes, [](const Attribute& a) {
    return a.name == "podscale_calibration_conformal_half_width" ||
           a.name.starts_with("podscale_calibration_coverage");
  });
  return attributes;
}

std::vector<Inflation> inflations_of(const NetcdfFile& product, std::size_t regimes) {
  std::vector<Inflation> all(regimes);
  if (product.text("", "podscale_calibration") == "none") return all;
  const std::string name = "podscale_calibration_inflation";
  for (std::size_t r = 0; r < regimes; ++r) {
    auto found = product.numbers("", fmt::format("{}_{}", name, r));
    if (!found) found = product.numbers("", name);
    all[r] = same_on_all_ranks([&] {
      return Inflation::from_numbers(found.value_or(std::vector<double>{}), product.path() + ": " + name);
    });
  }
  return all;
}

}  // namespace podscale
