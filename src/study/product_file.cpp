#include "podscale/study/product_file.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/parallel/exact_sum.hpp"

namespace podscale {
namespace {

constexpr float kFill = 1e20f;

}  // namespace

ProductFile::ProductFile(const Communicator& comm, const std::string& path, const Mesh& mesh,
                         const Window& window, const SampleAxis& times, const ProductOptions& options)
    : comm_(&comm),
      file_(NetcdfFile::create(comm, path)),
      window_(window),
      mesh_points_(mesh.points()),
      options_(options) {
  comm.agree([&] {
    for (const ProductVariable& v : options.variables)
      conversion_.push_back(unit_conversion(v.working_units, v.units, "output.units"));
    for (const RegionSeries& series : options.region_series)
      series_conversion_.push_back(unit_conversion(series.working_units, series.units, "output.units"));
  });
  const SampleAxis axis = with_bounds(times);
  define_samples(file_, axis);
  mesh_ = define_mesh(file_, mesh);
  if (options.members > 0) {
    file_.define_dimension("realization", options.members);
    file_.define_variable("realization", NC_INT, {"realization"});
    file_.put_text("realization", "standard_name", "realization");
    file_.put_text("realization", "units", "1");
  }
  define_fields();
  if (!options.history_age.empty()) {
    file_.define_variable("history_age", NC_DOUBLE, {"time"}, {{}, 0, NC_FILL_DOUBLE});
    file_.describe("history_age", "age of the high-resolution analysis that the forecast was told of", "days");
    file_.put_text("history_age", "coverage_content_type", "auxiliaryInformation");
    file_.put_text("history_age", "comment", "from the time of the analysis to this one; missing: told of none");
  }
  if (!options.regions.empty()) define_regions();
  Attributes attributes = options.attributes;
  if (!find(attributes, "Conventions"))
    attributes.insert(attributes.begin(), {"Conventions", "CF-1.8, ACDD-1.3"});
  put_attributes(file_, attributes);
  file_.end_definitions();

  const auto put_numbers = [&](const std::string& name, std::vector<double> values) {
    if (!comm.is_root()) values.clear();
    file_.put(name, {0}, {values.size()}, std::span<const double>(values));
  };
  const auto numbers_from = [](int first, std::size_t count) {
    std::vector<double> numbers(count);
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
  };
  write_samples(comm, file_, axis);
  write_mesh(comm, file_, mesh);
  std::vector<double> ages = options.history_age;
  for (double& age : ages)
    if (std::isnan(age)) age = NC_FILL_DOUBLE;
  if (!ages.empty()) put_numbers("history_age", ages);
  if (!options.regions.empty()) put_numbers("region", numbers_from(1, options.regions.size()));
  if (options.members > 0)
    put_numbers("realization", numbers_from(options.first_member, static_cast<std::size_t>(options.members)));
}

void ProductFile::define_fields() {
  const auto storage = [&](bool members, bool of_spread) {
    VariableOptions o{
        {options_.chunk_times, options_.chunk[0], options_.chunk[1]}, options_.deflate, kFill, options_.zstd};
    if (members) o.chunks.insert(o.chunks.begin() + 1, 1);
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
    };
    const auto define = [&](const std::string& name, const std::string& what, const std::string& units,
                            const std::string& method, bool spread) {
      file_.define_variable(name, NC_FLOAT, {"time", mesh_.y, mesh_.x}, storage(false, spread));
      describe(name, what, units, spread ? "qualityInformation" : "modelResult");
      if (!spread && options_.rounding > 0)
        file_.put_text(name, "comment",
                       fmt::format("rounded to a power of two, at most {:g} of the root mean square of the "
                                   "standard deviation of its time",
                                   options_.rounding));
      const std::string of_field = v.cell_methods.empty() ? "" : v.cell_methods + " ";
      if (!method.empty()) file_.put_text(name, "cell_methods", of_field + "realization: " + method);
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
             extra.kind == ExtraField::value ? v.units : squared, "", extra.kind == ExtraField::variance);
    if (options_.members == 0) continue;
    file_.define_variable(v.name + "_member", NC_FLOAT, {"time", "realization", mesh_.y, mesh_.x},
                          storage(true, false));
    if (!v.standard_name.empty()) file_.put_text(v.name + "_member", "standard_name", v.standard_name);
    describe(v.name + "_member", ", members in the space of the retained modes", v.units, "modelResult");
    if (!v.cell_methods.empty()) file_.put_text(v.name + "_member", "cell_methods", v.cell_methods);
  }
}

void ProductFile::define_regions() {
  file_.define_dimension("region", options_.regions.size());
  file_.define_variable("region", NC_INT, {"region"});
  std::vector<double> numbers(options_.regions.size());
  std::iota(numbers.begin(), numbers.end(), 1);
  file_.put_text("region", "long_name", "named regions");
  file_.put_numbers("region", "flag_values", numbers, NC_INT);
  file_.put_text("region", "flag_meanings", fmt::format("{}", fmt::join(options_.regions, " ")));
  file_.put_numbers("region", "boxes", options_.region_boxes);
  file_.put_text("region", "comment", "boxes: south, north, west, east of each region, degrees");
  for (const RegionSeries& series : options_.region_series)
    for (const auto& [suffix, what, units] :
         {std::array<std::string, 3>{"_region_mean", ", area mean of the region, downscaled mean",
                                     series.units},
          {"_region_std", ", standard deviation of the area mean of the region",
           difference_units(series.units)}}) {
      file_.define_variable(series.name + suffix, NC_DOUBLE, {"time", "region"});
      file_.put_text(series.name + suffix, "long_name", series.long_name + what);
      file_.put_text(series.name + suffix, "units", units);
    }
}

void ProductFile::put(const std::string& name, std::size_t first, std::size_t steps, std::size_t channel,
                      std::span<const double> values, double scale, double offset,
                      std::span<const double> quanta, const std::size_t* member) {
  const std::size_t ny = window_.ny, nx = window_.nx, n = ny * nx, channels = options_.variables.size();
  std::vector<float> part(steps * n);
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t i = 0; i < n; ++i) {
      const double value = values[(t * channels + channel) * n + i];
      const double written = scale * value + offset,
                   quantum = quanta.empty() ? 0 : scale * quanta[t * channels + channel];
      part[t * n + i] = std::isnan(value) ? kFill
                        : quantum != 0    ? std::round(written / quantum) * quantum
                                          : written;
    }
  std::vector<std::size_t> start{first}, count{n > 0 ? steps : 0};
  if (member) start.push_back(*member), count.push_back(n > 0 ? 1 : 0);
  start.insert(start.end(), {static_cast<std::size_t>(window_.y0), static_cast<std::size_t>(window_.x0)});
  count.insert(count.end(), {ny, nx});
  file_.put(name, start, count, std::span<const float>(part));
}

std::vector<double> ProductFile::quanta_of(std::size_t steps, std::span<const double> deviation) const {
  const std::size_t fields = steps * options_.variables.size(), n = window_.points();
  std::vector<double> squares(fields, 0.0);
  double largest = 0;
  long points = 0;
  for (std::size_t i = 0; i < n; ++i) points += !std::isnan(deviation[i]);
  for (const double d : deviation) largest = std::max(largest, std::isnan(d) ? 0 : d * d);
  largest = comm_->max(largest);
  points = comm_->sum(points);
  // Exact sums: a field is rounded alike at any number of ranks.
  ExactSum sum(fields, largest, mesh_points_);
  std::vector<double> terms(fields);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t f = 0; f < fields; ++f) {
      const double d = deviation[f * n + i];
      terms[f] = std::isnan(d) ? 0 : d * d;
    }
    sum.add(terms);
  }
  squares = sum.reduce(*comm_, "the variance of a field");
  for (double& q : squares)
    q = q > 0 ? std::exp2(std::floor(std::log2(options_.rounding * std::sqrt(q / std::max(1l, points))))) : 0;
  return squares;
}

void ProductFile::write(std::size_t first, std::size_t steps, std::span<const double> mean,
                        std::span<const double> variance, std::span<const double> members,
                        const std::vector<std::vector<double>>& extra) {
  const std::size_t channels = options_.variables.size(), count = options_.members,
                    field = steps * channels * static_cast<std::size_t>(window_.points()),
                    fields = options_.members_only ? 0 : field;
  PODSCALE_ASSERT(mean.size() == fields && variance.size() == fields && members.size() == field * count &&
                      extra.size() == options_.extra.size(),
                  "sizes {}, {}, {}, {}", mean.size(), variance.size(), members.size(), extra.size());
  std::vector<double> deviation(variance.begin(), variance.end());
  for (double& value : deviation) value = std::sqrt(value);
  const std::vector<double> quanta =
      options_.rounding > 0 && !options_.members_only ? quanta_of(steps, deviation) : std::vector<double>();
  for (std::size_t c = 0; c < channels; ++c) {
    const std::string& name = options_.variables[c].name;
    const auto [scale, offset] = conversion_[c];
    if (!options_.members_only) {
      put(name, first, steps, c, mean, scale, offset, quanta);
      put(name + "_variance", first, steps, c, variance, scale * scale, 0);
      put(name + "_std", first, steps, c, deviation, std::abs(scale), 0);
    }
    for (std::size_t i = 0; i < extra.size(); ++i) {
      const bool value = options_.extra[i].kind == ExtraField::value;
      put(name + options_.extra[i].suffix, first, steps, c, extra[i], value ? scale : scale * scale,
          value ? offset : 0, value ? std::span<const double>(quanta) : std::span<const double>());
    }
    for (std::size_t m = 0; m < count; ++m)
      put(name + "_member", first, steps, c, members.subspan(m * field, field), scale, offset, quanta, &m);
  }
}

void ProductFile::write_regions(std::size_t first, std::size_t steps, std::span<const double> mean,
                                std::span<const double> variance) {
  const std::size_t regions = options_.regions.size(), series = options_.region_series.size();
  PODSCALE_ASSERT(mean.size() == steps * series * regions && variance.size() == mean.size(), "{} values",
                  mean.size());
  for (std::size_t s = 0; s < series; ++s) {
    const auto [scale, offset] = series_conversion_[s];
    std::vector<double> values, deviations;
    for (std::size_t t = 0; comm_->is_root() && t < steps; ++t)
      for (std::size_t r = 0; r < regions; ++r) {
        const std::size_t i = (t * series + s) * regions + r;
        values.push_back(scale * mean[i] + offset);
        deviations.push_back(std::abs(scale) * std::sqrt(variance[i]));
      }
    const std::vector<std::size_t> start{first, 0},
        count{values.empty() ? 0 : steps, values.empty() ? 0 : regions};
    const std::string& name = options_.region_series[s].name;
    file_.put(name + "_region_mean", start, count, std::span<const double>(values));
    file_.put(name + "_region_std", start, count, std::span<const double>(deviations));
  }
}

}  // namespace podscale
