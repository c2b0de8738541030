#include "podscale/study/ghrsst_file.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/study/discovery.hpp"

namespace podscale {
namespace {

constexpr double kStep = 0.01, kZero = 273.15;  // K: of the packed temperature, and where its 0 lies
constexpr double kColdest = -3, kWarmest = 45;  // degC: the valid range of analysed_sst
constexpr double kMost = 32767;                 // of a packed short
constexpr double kMissing = -32768, kMissingIce = -128;

[[noreturn]] void cannot(const std::string& found) {
  throw Error(ExitCode::usage,
              "output.format = 'ghrsst': " + found + "; write output.format = 'cf' for such a product", true);
}

double seconds_since_1981(const Date& date) {
  return std::round(days_between(Calendar::standard, {1981, 1, 1, 0}, date) * 86400);
}

/// As GHRSST names its files.
std::string stamp(const Date& date) {
  const long s = std::lround(date.second);
  return fmt::format("{:04d}{:02d}{:02d}{:02d}{:02d}{:02d}", date.year, date.month, date.day, s / 3600,
                     s / 60 % 60, s % 60);
}

}  // namespace

UnitConversion require_ghrsst(const Mesh& mesh, const SampleAxis& times, const ProductOptions& options) {
  if (options.variables.size() != 1)
    cannot(fmt::format("the product has {} variables; GHRSST has one", options.variables.size()));
  if (!SampleLayout(times).is_plain())
    cannot("LR has several realizations or runs that overlap; a file of GHRSST holds one analysis");
  if (mesh.kind() != MeshKind::rectilinear)
    cannot("its mesh has no axes of latitude and longitude; GHRSST's has them at level 4");
  if (times.calendar != Calendar::standard && times.calendar != Calendar::proleptic_gregorian)
    cannot(fmt::format("its times are of the calendar {}; GHRSST counts the seconds of the standard one",
                       calendar_name(times.calendar)));
  const std::string& units = options.variables[0].working_units;
  try {
    return unit_conversion(units, "kelvin", "output.format");
  } catch (const Error&) {
    cannot(fmt::format("{} is in '{}'; GHRSST has temperatures", options.variables[0].name, units));
  }
}

GhrsstFiles::GhrsstFiles(const Communicator& comm, const std::string& folder, const std::string& name,
                         const Mesh& mesh, const Window& window, std::vector<unsigned char> ocean,
                         const SampleAxis& times, const ProductOptions& options)
    : comm_(&comm),
      folder_(folder),
      name_(name),
      mesh_(mesh),
      window_(window),
      ocean_(std::move(ocean)),
      times_(times),
      options_(options),
      to_kelvin_(require_ghrsst(mesh, times, options)) {
  Attributes& all = options_.attributes;
  std::erase_if(all, [](const Attribute& a) { return a.name == "podscale_namelist"; });
  const Attributes place = place_attributes(mesh);
  const auto corner = [&](const char* name, const char* of) {
    return Attribute{name, "", find(place, of)->numbers, NC_FLOAT};
  };
  add_missing(all,
              {{"Conventions", "CF-1.8, ACDD-1.3"},
               {"gds_version_id", "2.1"},
               {"netcdf_version_id", nc_inq_libvers()},
               {"product_version", "1.0"},
               {"cdm_data_type", "grid"},
               {"processing_level", "L4"},
               {"platform", "model"},
               {"instrument", "model"},
               {"spatial_resolution", fmt::format("{:.4g} degree", mesh.y().bounds[1] - mesh.y().bounds[0])},
               corner("northernmost_latitude", "geospatial_lat_max"),
               corner("southernmost_latitude", "geospatial_lat_min"),
               corner("easternmost_longitude", "geospatial_lon_max"),
               corner("westernmost_longitude", "geospatial_lon_min"),
               {"file_quality_level", "", {3}, NC_INT}});
  add_missing(all, place);
}

std::string GhrsstFiles::path(std::size_t time) const {
  return fmt::format("{}/{}-{}.nc", folder_.empty() ? "." : folder_, stamp(times_[time].date), name_);
}

void GhrsstFiles::define_axes(NetcdfFile& file) const {
  file.define_dimension("time", 1, true);
  file.define_variable("time", NC_INT, {"time"});
  file.describe("time", "reference time of sst field", "seconds since 1981-01-01 00:00:00");
  file.put_text("time", "standard_name", "time");
  file.put_text("time", "axis", "T");
  file.put_text("time", "calendar", "standard");
  file.put_text("time", "coverage_content_type", "coordinate");
  const auto define = [&](const char* name, const char* standard, const char* units, const char* axis,
                          const MeshAxis& of, double limit) {
    file.define_dimension(name, of.centres.size());
    file.define_variable(name, NC_FLOAT, {name});
    file.describe(name, standard, units);
    file.put_text(name, "standard_name", standard);
    file.put_text(name, "axis", axis);
    const auto [low, high] = std::minmax_element(of.centres.begin(), of.centres.end());
    file.put_numbers(name, "valid_min", {std::min(-limit, *low)}, NC_FLOAT);
    file.put_numbers(name, "valid_max", {std::max(limit, *high)}, NC_FLOAT);
    file.put_text(name, "coverage_content_type", "coordinate");
  };
  define("lat", "latitude", "degrees_north", "Y", mesh_.y(), 90);
  define("lon", "longitude", "degrees_east", "X", mesh_.x(), 180);
}

void GhrsstFiles::define_fields(NetcdfFile& file) const {
  const auto field = [&](const char* name, nc_type type, std::optional<double> fill, const char* long_name,
                         const char* units, const char* content) {
    file.define_variable(name, type, {"time", "lat", "lon"},
                         {{1, options_.chunk[0], options_.chunk[1]}, options_.deflate, fill});
    file.put_text(name, "long_name", long_name);
    if (units) file.put_text(name, "units", units);
    file.put_text(name, "coverage_content_type", content);
  };
  const auto packed = [&](const char* name, nc_type type, double scale, double offset, double low,
                          double high) {
    file.put_numbers(name, "scale_factor", {scale});
    file.put_numbers(name, "add_offset", {offset});
    file.put_numbers(name, "valid_min", {low}, type);
    file.put_numbers(name, "valid_max", {high}, type);
  };
  const std::string& standard = options_.variables[0].standard_name;
  field("analysed_sst", NC_SHORT, kMissing, "analysed sea surface temperature", "kelvin", "modelResult");
  packed("analysed_sst", NC_SHORT, kStep, kZero, kColdest / kStep, kWarmest / kStep);
  file.put_text("analysed_sst", "standard_name", standard.empty() ? "sea_surface_temperature" : standard);
  file.put_text("analysed_sst", "source", "podscale");
  file.put_text("analysed_sst", "comment", "mean of the predictive distribution");
  field("analysis_error", NC_SHORT, kMissing, "estimated error standard deviation of analysed_sst", "kelvin",
        "qualityInformation");
  packed("analysis_error", NC_SHORT, kStep, 0, 0, kMost);
  file.put_text("analysis_error", "standard_name",
                (standard.empty() ? "sea_surface_temperature" : standard) + " standard_error");
  file.put_text("analysis_error", "comment", "standard deviation of the predictive distribution");
  field("sea_ice_fraction", NC_BYTE, kMissingIce, "sea ice area fraction", "1", "auxiliaryInformation");
  packed("sea_ice_fraction", NC_BYTE, kStep, 0, 0, 100);
  file.put_text("sea_ice_fraction", "standard_name", "sea_ice_area_fraction");
  file.put_text("sea_ice_fraction", "source", "none");
  file.put_text("sea_ice_fraction", "comment", "sea ice is not analysed: missing everywhere");
  field("mask", NC_BYTE, std::nullopt, "sea/land/lake/ice field composite mask", nullptr,
        "auxiliaryInformation");
  file.put_numbers("mask", "flag_masks", {1, 2, 4, 8}, NC_BYTE);
  file.put_text("mask", "flag_meanings", "water land optional_lake_surface sea_ice");
  file.put_numbers("mask", "valid_min", {1}, NC_BYTE);
  file.put_numbers("mask", "valid_max", {2}, NC_BYTE);
  file.put_text("mask", "source", "the HR series");
  file.put_text("mask", "comment", "water: where the analysis has values; lakes and ice are not told apart");
}

void GhrsstFiles::require_range(std::size_t time, std::span<const double> mean,
                                std::span<const double> variance) const {
  comm_->agree([&] {
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const double celsius = to_kelvin_.scale * mean[i] + to_kelvin_.offset - kZero,
                   deviation = std::abs(to_kelvin_.scale) * std::sqrt(variance[i]);
      if (ocean_[i] && (celsius < kColdest || celsius > kWarmest || deviation > kStep * kMost))
        fail(
            ExitCode::data,
            "{}: {:.2f} degC with a standard deviation of {:.2f} K at a point; GHRSST holds {} to {} degC; check "
            "the LR field, or write output.format = 'cf'",
            path(time), celsius, deviation, kColdest, kWarmest);
    }
  });
}

void GhrsstFiles::put_values(NetcdfFile& file, std::size_t time, std::span<const double> mean,
                             std::span<const double> variance) const {
  const auto on_root = [&](const char* name, std::vector<double> values) {
    if (!comm_->is_root()) values.clear();
    file.put(name, {0}, {values.size()}, std::span<const double>(values));
  };
  on_root("time", {seconds_since_1981(times_[time].date)});
  on_root("lat", mesh_.y().centres);
  on_root("lon", mesh_.x().centres);
  const std::size_t n = mean.size(), rows = n > 0 ? window_.ny : 0, columns = n > 0 ? window_.nx : 0;
  const std::vector<std::size_t> from{0, static_cast<std::size_t>(window_.y0),
                                      static_cast<std::size_t>(window_.x0)},
      count{n > 0 ? 1u : 0u, rows, columns};
  std::vector<float> sst(n), error(n), ice(n, kMissingIce), mask(n);
  for (std::size_t i = 0; i < n; ++i) {
    const bool known = ocean_[i] && !std::isnan(mean[i]);
    const double kelvin = to_kelvin_.scale * mean[i] + to_kelvin_.offset,
                 deviation = std::abs(to_kelvin_.scale) * std::sqrt(variance[i]);
    sst[i] = known ? std::round((kelvin - kZero) / kStep) : kMissing;
    error[i] = known ? std::max(1.0, std::round(deviation / kStep)) : kMissing;
    mask[i] = known ? 1 : 2;
  }
  for (const auto& [name, values] : {std::pair("analysed_sst", &sst),
                                     {"analysis_error", &error},
                                     {"sea_ice_fraction", &ice},
                                     {"mask", &mask}})
    file.put(name, from, count, std::span<const float>(*values));
}

void GhrsstFiles::write(std::size_t time, std::span<const double> mean, std::span<const double> variance) {
  require_range(time, mean, variance);  // before there is a file
  NetcdfFile file = NetcdfFile::create(*comm_, path(time));
  define_axes(file);
  define_fields(file);
  const long step = static_cast<long>(time);
  const Attributes when = time_attributes(subset(times_, std::span(&step, 1)));
  Attributes all = options_.attributes;
  add_missing(all, {{"start_time", find(when, "time_coverage_start")->text},
                    {"stop_time", find(when, "time_coverage_end")->text}});
  add_missing(all, when);
  put_attributes(file, all);
  file.end_definitions();
  put_values(file, time, mean, variance);
  file.commit();
}

}  // namespace podscale
