#include "podscale/study/product_file.hpp"

#include <fmt/ranges.h>

#include <array>
#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

constexpr float kFill = 1e20f;

std::vector<float> to_float(std::span<const double> values, double scale, double offset) {
  std::vector<float> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = std::isnan(values[i]) ? kFill : static_cast<float>(scale * values[i] + offset);
  return out;
}

void put_axis(const Communicator& comm, NetcdfFile& file, const std::string& name,
              const std::vector<double>& centres, const std::vector<double>& edges) {
  const std::size_t count = comm.is_root() ? centres.size() : 0;
  file.put(name, {0}, {count}, std::span<const double>(centres).first(count));
  std::vector<double> bounds;
  for (std::size_t i = 0; i < count; ++i) bounds.insert(bounds.end(), {edges[i], edges[i + 1]});
  file.put(name + "_bnds", {0, 0}, {count, count > 0 ? std::size_t{2} : 0}, std::span<const double>(bounds));
}

}  // namespace

ProductFile::ProductFile(const Communicator& comm, const std::string& path, const Grid& grid,
                         const Window& window, const TimeAxis& times, const ProductOptions& options)
    : comm_(&comm), file_(NetcdfFile::create(comm, path)), window_(window), options_(options) {
  comm.agree([&] { conversion_ = unit_conversion("degC", options.units, "output.units"); });
  const std::string& name = options.variable;
  file_.define_dimension("time", times.values.size(), true);
  file_.define_dimension("lat", grid.lat.size());
  file_.define_dimension("lon", grid.lon.size());
  file_.define_dimension("bnds", 2);
  file_.define_variable("time", NC_DOUBLE, {"time"});
  file_.put_text("time", "standard_name", "time");
  file_.put_text("time", "units", times.units);
  file_.put_text("time", "calendar", calendar_name(times.calendar));
  file_.put_text("time", "axis", "T");
  for (const auto& [axis, standard_name, units, letter] :
       {std::array<std::string, 4>{"lat", "latitude", "degrees_north", "Y"},
        {"lon", "longitude", "degrees_east", "X"}}) {
    file_.define_variable(axis, NC_DOUBLE, {axis});
    file_.put_text(axis, "standard_name", standard_name);
    file_.put_text(axis, "units", units);
    file_.put_text(axis, "axis", letter);
    file_.put_text(axis, "bounds", axis + "_bnds");
    file_.define_variable(axis + "_bnds", NC_DOUBLE, {axis, "bnds"});
  }
  const VariableOptions field{{1, options.chunk[0], options.chunk[1]}, options.deflate, kFill};
  const auto define = [&](const std::string& variable, const std::string& what, const std::string& units,
                          const std::string& method) {
    file_.define_variable(variable, NC_FLOAT, {"time", "lat", "lon"}, field);
    file_.put_text(variable, "long_name", options.long_name + what);
    file_.put_text(variable, "units", units);
    if (!method.empty()) file_.put_text(variable, "cell_methods", "realization: " + method);
    file_.put_numbers(variable, "missing_value", {kFill}, NC_FLOAT);
  };
  const std::string squared = conversion_.scale == 1 ? "K2" : "(" + options.units + ")2";
  if (!options.members_only) {
    define(name, ", downscaled mean", options.units, "mean");
    define(name + "_variance", ", predictive variance", squared, "variance");
    define(name + "_std", ", predictive standard deviation", conversion_.scale == 1 ? "K" : options.units,
           "standard_deviation");
    file_.put_text(name, "standard_name", options.standard_name);
    file_.put_text(name, "ancillary_variables", name + "_variance " + name + "_std");
  }
  for (const ExtraField& extra : options.extra)
    define(name + extra.suffix, ", " + extra.long_name,
           extra.kind == ExtraField::value ? options.units : squared, "");
  if (!options.regions.empty()) {
    file_.define_dimension("region", options.regions.size());
    file_.define_variable("region", NC_INT, {"region"});
    std::vector<double> numbers;
    for (std::size_t r = 0; r < options.regions.size(); ++r) numbers.push_back(static_cast<double>(r + 1));
    file_.put_text("region", "long_name", "named regions");
    file_.put_numbers("region", "flag_values", numbers, NC_INT);
    file_.put_text("region", "flag_meanings", fmt::format("{}", fmt::join(options.regions, " ")));
    file_.put_numbers("region", "boxes", options.region_boxes);
    file_.put_text("region", "comment", "boxes: south, north, west, east of each region, degrees");
    for (const auto& [suffix, what, units] :
         {std::array<std::string, 3>{"_region_mean", ", area mean of the region, downscaled mean",
                                     options.units},
          {"_region_std", ", standard deviation of the area mean of the region",
           conversion_.scale == 1 ? "K" : options.units}}) {
      file_.define_variable(name + suffix, NC_DOUBLE, {"time", "region"});
      file_.put_text(name + suffix, "long_name", options.long_name + what);
      file_.put_text(name + suffix, "units", units);
    }
  }
  if (options.members > 0) {
    file_.define_dimension("realization", static_cast<std::size_t>(options.members));
    file_.define_variable("realization", NC_INT, {"realization"});
    file_.put_text("realization", "standard_name", "realization");
    file_.put_text("realization", "units", "1");
    file_.define_variable(name + "_member", NC_FLOAT, {"time", "realization", "lat", "lon"},
                          {{1, 1, options.chunk[0], options.chunk[1]}, options.deflate, kFill});
    file_.put_text(name + "_member", "standard_name", options.standard_name);
    file_.put_text(name + "_member", "long_name",
                   options.long_name + ", members in the space of the retained modes");
    file_.put_text(name + "_member", "units", options.units);
    file_.put_numbers(name + "_member", "missing_value", {kFill}, NC_FLOAT);
  }
  file_.put_text("", "Conventions", "CF-1.8");
  for (const auto& [attribute, value] : options.attributes)
    if (!value.empty()) file_.put_text("", attribute, value);
  if (options.define) options.define(file_);
  file_.end_definitions();

  const std::size_t n_times = comm.is_root() ? times.values.size() : 0;
  file_.put("time", {0}, {n_times}, std::span<const double>(times.values).first(n_times));
  put_axis(comm, file_, "lat", grid.lat, grid.lat_bounds);
  put_axis(comm, file_, "lon", grid.lon, grid.lon_bounds);
  if (!options.regions.empty()) {
    std::vector<double> numbers;
    for (std::size_t r = 0; comm.is_root() && r < options.regions.size(); ++r)
      numbers.push_back(static_cast<double>(r + 1));
    file_.put("region", {0}, {numbers.size()}, std::span<const double>(numbers));
  }
  if (options.members > 0) {
    std::vector<double> numbers;
    for (int m = 0; comm.is_root() && m < options.members; ++m) numbers.push_back(options.first_member + m);
    file_.put("realization", {0}, {numbers.size()}, std::span<const double>(numbers));
  }
}

void ProductFile::put(const std::string& name, const std::vector<std::size_t>& start,
                      const std::vector<std::size_t>& count, const std::vector<float>& values) {
  file_.put(name, start, count, std::span<const float>(values));
}

void ProductFile::write(std::size_t first, std::size_t steps, std::span<const double> mean,
                        std::span<const double> variance, std::span<const double> members,
                        const std::vector<std::vector<double>>& extra) {
  PODSCALE_ASSERT(extra.size() == options_.extra.size(), "{} extra fields", extra.size());
  const std::size_t ny = static_cast<std::size_t>(window_.ny), nx = static_cast<std::size_t>(window_.nx);
  const std::size_t field = steps * ny * nx, fields = options_.members_only ? 0 : field;
  PODSCALE_ASSERT(mean.size() == fields && variance.size() == fields &&
                      members.size() == field * static_cast<std::size_t>(options_.members),
                  "sizes {}, {}, {}", mean.size(), variance.size(), members.size());
  const std::vector<std::size_t> start{first, static_cast<std::size_t>(window_.y0),
                                       static_cast<std::size_t>(window_.x0)};
  const std::vector<std::size_t> count{ny * nx > 0 ? steps : 0, ny, nx};
  const double scale = conversion_.scale;
  std::vector<double> std_deviation(variance.begin(), variance.end());
  for (double& value : std_deviation) value = std::sqrt(value);
  if (!options_.members_only) {
    put(options_.variable, start, count, to_float(mean, scale, conversion_.offset));
    put(options_.variable + "_variance", start, count, to_float(variance, scale * scale, 0));
    put(options_.variable + "_std", start, count, to_float(std_deviation, std::abs(scale), 0));
  }
  for (std::size_t i = 0; i < extra.size(); ++i) {
    const bool value = options_.extra[i].kind == ExtraField::value;
    put(options_.variable + options_.extra[i].suffix, start, count,
        to_float(extra[i], value ? scale : scale * scale, value ? conversion_.offset : 0));
  }
  for (std::size_t m = 0; m < static_cast<std::size_t>(options_.members); ++m)
    put(options_.variable + "_member", {first, m, start[1], start[2]},
        {count[0], count[0] > 0 ? std::size_t{1} : 0, ny, nx},
        to_float(members.subspan(m * field, field), scale, conversion_.offset));
}

void ProductFile::write_regions(std::size_t first, std::size_t steps, std::span<const double> mean,
                                std::span<const double> variance) {
  const std::size_t n = comm_->is_root() ? steps * options_.regions.size() : 0;
  PODSCALE_ASSERT(mean.size() == steps * options_.regions.size() && variance.size() == mean.size(),
                  "{} values", mean.size());
  const std::vector<std::size_t> start{first, 0},
      count{n > 0 ? steps : 0, n > 0 ? options_.regions.size() : 0};
  std::vector<double> values, deviations;
  for (std::size_t i = 0; i < n; ++i) {
    values.push_back(conversion_.scale * mean[i] + conversion_.offset);
    deviations.push_back(std::abs(conversion_.scale) * std::sqrt(variance[i]));
  }
  file_.put(options_.variable + "_region_mean", start, count, std::span<const double>(values));
  file_.put(options_.variable + "_region_std", start, count, std::span<const double>(deviations));
}

}  // namespace podscale
