// ProductFile: which variables the fields are, and what is said of them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/study/product_file.hpp"

namespace podscale {

void ProductFile::define_fields() {
  const auto storage = [&](const std::vector<std::string>& dims, bool of_spread) {
    VariableOptions o{std::vector<std::size_t>(dims.size() - 2, 1), options_.deflate, kFill, options_.zstd};
    o.chunks[layout_.has_runs() ? 1 : 0] = std::min(options_.chunk_times, layout_.steps());
    if (!layout_.has_runs()) o.chunks[0] = options_.chunk_times;
    o.chunks.insert(o.chunks.end(), options_.chunk.begin(), options_.chunk.end());
    // A spread keeps its relative precision, also where it is small.
    if (of_spread && options_.rounding > 0)
      o.significant_bits = std::clamp(1 - static_cast<int>(std::floor(std::log2(options_.rounding))), 2, 23);
    return o;
  };
  for (const ProductVariable& v : options_.variables) {
    const auto describe = [&](const std::string& name, const std::string& what, const std::string& units,
                              const char* content) {
      file_.put_text(name, "long_name", v.long_name + what);
      file_.put_text(name, "coverage_content_type", content);
      if (!units.empty()) file_.put_text(name, "units", units);
      file_.put_numbers(name, "missing_value", {kFill}, NC_FLOAT);
      mesh_.describe(file_, name);
      if (!coordinates_.empty())
        file_.put_text(name, "coordinates",
                       mesh_.coordinates + (mesh_.coordinates.empty() ? "" : " ") + coordinates_);
    };
    const auto define = [&](const std::string& name, const std::string& what, const std::string& units,
                            const std::string& method, bool spread, bool over_realizations = false) {
      std::vector<std::string> dims = leading(over_realizations);
      dims.insert(dims.end(), {mesh_.y, mesh_.x});
      file_.define_variable(name, NC_FLOAT, dims, storage(dims, spread));
      describe(name, what, units, spread ? "qualityInformation" : "modelResult");
      if (!spread && options_.rounding > 0)
        file_.put_text(name, "comment",
                       fmt::format("rounded to a power of two, at most {:g} of the root mean square of the "
                                   "standard deviation of its time",
                                   options_.rounding));
      const std::string of_field = v.cell_methods.empty() ? "" : v.cell_methods + " ";
      // Of members of the downscaling where the realizations of the input are none or an axis.
      const bool reduces = !method.empty() && (over_realizations || member_ == "realization");
      if (!method.empty() && (reduces || !v.cell_methods.empty()))
        file_.put_text(name, "cell_methods", reduces ? of_field + "realization: " + method : v.cell_methods);
    };
    const std::string spread = difference_units(v.units), squared = squared_units(v.units);
    if (!options_.members_only) {
      define(v.name, ", downscaled mean", v.units, "mean", false);
      define(v.name + "_variance", ", predictive variance", squared, "variance", true);
      define(v.name + "_std", ", predictive standard deviation", spread, "standard_deviation", true);
      if (!v.standard_name.empty()) {
        file_.put_text(v.name, "standard_name", v.standard_name);
        file_.put_text(v.name + "_std", "standard_name", v.standard_name + " standard_error");
      }
      file_.put_text(v.name, "ancillary_variables", v.name + "_variance " + v.name + "_std");
    }
    for (const ExtraField& extra : options_.extra)
      define(v.name + extra.suffix, ", " + extra.long_name,
             extra.kind == ExtraField::value      ? v.units
             : extra.kind == ExtraField::variance ? squared
                                                  : "1",
             "", extra.kind != ExtraField::value);
    if (options_.spread && layout_.has_realizations()) {
      define(v.name + "_ensemble_mean", ", mean over the realizations", v.units, "mean", false, true);
      define(v.name + "_within_variance", ", mean over the realizations of the predictive variance", squared,
             "mean", true, true);
      define(v.name + "_between_variance", ", variance over the realizations of the downscaled mean", squared,
             "variance", true, true);
      define(v.name + "_ensemble_std", ", standard deviation of all realizations together", spread,
             "standard_deviation", true, true);
    }
    if (options_.members == 0) continue;
    std::vector<std::string> dims = leading();
    dims.insert(dims.end(), {member_, mesh_.y, mesh_.x});
    file_.define_variable(v.name + "_member", NC_FLOAT, dims, storage(dims, false));
    if (!v.standard_name.empty()) file_.put_text(v.name + "_member", "standard_name", v.standard_name);
    describe(v.name + "_member", ", members in the space of the retained modes", v.units, "modelResult");
    if (!v.cell_methods.empty()) file_.put_text(v.name + "_member", "cell_methods", v.cell_methods);
  }
}

}  // namespace podscale
