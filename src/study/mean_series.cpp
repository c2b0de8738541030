#include "podscale/study/mean_series.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/functional_reader.hpp"
#include "podscale/study/product_description.hpp"
#include "podscale/study/region_axis.hpp"
#include "podscale/study/regions.hpp"
#include "podscale/study/run_identity.hpp"

namespace podscale {
namespace {

/// The means of one key.
struct KeyMeans {
  std::string key;
  std::vector<TimeStretch> stretches;
  std::vector<double> mean, variance;  // [stretches][series][regions]
};

/// Where a stretch begins and ends, in the units of the axis: with the intervals of its times,
/// where known.
std::pair<double, double> ends_of(const SampleAxis& axis, const TimeStretch& stretch) {
  const Sample &first = axis[stretch.steps.front()], &last = axis[stretch.steps.back()];
  return {first.interval ? first.interval->begin : first.time,
          last.interval ? last.interval->end : last.time};
}

void define(NetcdfFile& file, const std::vector<RegionSeries>& all, const SampleAxis& axis,
            const KeyMeans& means) {
  const std::string time = "time_" + means.key, bounds = time + "_bounds";
  file.define_dimension(time, means.stretches.size());
  file.define_variable(time, NC_DOUBLE, {time});
  file.put_text(time, "standard_name", "time");
  file.put_text(time, "long_name", "middle of the times that are averaged");
  file.put_text(time, "units", axis.units);
  file.put_text(time, "calendar", calendar_name(axis.calendar));
  file.put_text(time, "bounds", bounds);
  file.define_variable(bounds, NC_DOUBLE, {time, "bounds"});
  file.define_variable("count_" + means.key, NC_INT, {time});
  file.put_text("count_" + means.key, "long_name", "number of times that are averaged");
  for (const RegionSeries& series : all)
    for (const auto& [suffix, what, units] :
         {std::array<std::string, 3>{"_region_mean_", ", downscaled mean of the area and time mean",
                                     series.units},
          {"_region_std_", ", standard deviation of the area and time mean",
           difference_units(series.units)}}) {
      const std::string name = series.name + suffix + means.key;
      file.define_variable(name, NC_DOUBLE, {time, "region"});
      file.put_text(name, "long_name", series.long_name + what);
      file.put_text(name, "units", units);
      file.put_text(name, "cell_methods", "area: mean " + time + ": mean");
    }
  file.put_text("", "comment_" + means.key,
                means.key == "season"  ? "December to February and so on, whatever the product holds of them"
                : means.key == "all"   ? "all times of the product"
                : means.key == "month" ? "calendar months, whatever the product holds of them"
                                       : fmt::format("stretches of {} days from the first day on",
                                                     means.key.substr(0, means.key.size() - 1)));
}

/// Collective. The means of every key, dealt over ranks; reader: gets the product.
std::vector<KeyMeans> means_of(const Communicator& comm, const StudyOptions& options,
                               const std::vector<ProductVariable>& variables,
                               std::optional<FunctionalReader>& reader) {
  std::vector<KeyMeans> found;
  comm.agree([&] {
    on_this_rank([&] {
      reader.emplace(options.output.product_file.get());
      const Communicator self = Communicator::self();
      const Basis& whole = reader->factors().basis();
      const FunctionalSet set(whole, region_functionals(self, options, whole, variables));
      long number = 0;
      for (const std::string& key : options.output.region_means) {
        KeyMeans means{key, stretches_of_key(reader->times(), key), {}, {}};
        means.mean.assign(means.stretches.size() * set.size(), 0.0);
        means.variance = means.mean;
        for (std::size_t s = 0; s < means.stretches.size(); ++s) {
          if (number++ % comm.size() != comm.rank()) continue;
          stop_here();
          const auto values = reader->over_time(set, means.stretches[s]);
          for (std::size_t f = 0; f < set.size(); ++f) {
            means.mean[s * set.size() + f] = values[f].mean;
            means.variance[s * set.size() + f] = values[f].variance;
          }
        }
        found.push_back(std::move(means));
      }
    });
  });
  for (KeyMeans& means : found) {
    comm.sum(std::span(means.mean));  // each from one rank: exact
    comm.sum(std::span(means.variance));
  }
  return found;
}

/// On one process.
void write_file(const StudyOptions& options, const std::vector<RegionSeries>& all,
                const FunctionalReader& reader, const std::vector<KeyMeans>& found) {
  const Communicator self = Communicator::self();
  const SampleAxis& axis = reader.times();
  const OutputOptions& output = options.output;
  NetcdfFile file = NetcdfFile::create(self, means_path(reader.path()));
  file.define_dimension("bounds", 2);
  define_region_axis(file, output.region_names, output.region_boxes);
  for (const KeyMeans& means : found) define(file, all, axis, means);
  file.put_text("", "Conventions", "CF-1.8");
  file.put_text("", "title", output.title + ": means over time of regions");
  file.put_text("", "source", "podscale " + version() + ", from the factors of " + reader.path());
  file.put_text("", "history", history_line());
  // A run that does not come so far leaves the means of an earlier one beside its product.
  if (const auto run = reader.factors().file().text("", "podscale_factors_of_run"))
    file.put_text("", "podscale_factors_of_run", *run);
  if (const auto run = reader.factors().file().text("", kRunAttribute))
    file.put_text("", kRunAttribute, *run);
  file.end_definitions();
  const std::vector<double> numbers = region_numbers(output.region_names.size());
  file.put("region", {0}, {numbers.size()}, std::span<const double>(numbers));
  for (const KeyMeans& means : found) {
    const std::size_t count = means.stretches.size(), regions = numbers.size();
    std::vector<double> middle, bounds, counts;
    for (const TimeStretch& stretch : means.stretches) {
      const auto [begin, end] = ends_of(axis, stretch);
      middle.push_back(0.5 * (begin + end));
      bounds.insert(bounds.end(), {begin, end});
      counts.push_back(static_cast<double>(stretch.steps.size()));
    }
    const std::string time = "time_" + means.key;
    file.put(time, {0}, {count}, std::span<const double>(middle));
    file.put(time + "_bounds", {0, 0}, {count, 2}, std::span<const double>(bounds));
    file.put("count_" + means.key, {0}, {count}, std::span<const double>(counts));
    for (std::size_t s = 0; s < all.size(); ++s) {
      std::vector<double> mean, deviation;
      for (std::size_t k = 0; k < count; ++k)
        for (std::size_t r = 0; r < regions; ++r) {
          const std::size_t at = (k * all.size() + s) * regions + r;
          mean.push_back(means.mean[at]);
          deviation.push_back(std::sqrt(means.variance[at]));
        }
      file.put(all[s].name + "_region_mean_" + means.key, {0, 0}, {count, regions},
               std::span<const double>(mean));
      file.put(all[s].name + "_region_std_" + means.key, {0, 0}, {count, regions},
               std::span<const double>(deviation));
    }
  }
  file.commit();
}

}  // namespace

std::string means_path(const std::string& product_path) {
  return std::filesystem::path(product_path).replace_extension(".means.nc").string();
}

std::vector<TimeStretch> stretches_of_key(const SampleAxis& times, const std::string& key) {
  if (key == "season") return seasons(times);
  if (key != "all") return stretches(times, key, "regions.means =");
  TimeStretch all{std::vector<std::size_t>(times.size())};
  std::iota(all.steps.begin(), all.steps.end(), std::size_t{0});
  return {all};
}

void require_means(const StudyOptions& options, const Foundation& foundation, const SampleAxis& times,
                   Uncertainty kind) {
  const OutputOptions& output = options.output;
  if (output.region_means.empty()) return;
  if (output.region_names.empty())
    refuse(options, "regions.means without regions.names; expected names and boxes of the regions");
  if (!output.write_factors)
    refuse(options,
           "regions.means with output.write_factors = .false.: the variance of a mean over time comes "
           "from the factors; expected .true.");
  if (options.sampling.calibration == Correction::running)
    refuse(options,
           "regions.means with sampling.calibration = 'running': its factors know no running level; "
           "expected 'inflation' or 'none'");
  if (kind == Uncertainty::ensemble && !options.sampling.coherence)
    refuse(options,
           "regions.means with members of sampling.coherence = .false., which say nothing of means over "
           "time; expected .true.");
  require_one_series(times, output.product_file.get(),
                     "one with regions.means: choose it by data.realizations or the files");
  if (const TimeCovariance& time = foundation.reference->time; !time.coherent())
    throw Error(
        ExitCode::data,
        fmt::format("{}: does not say how errors persist in time ({}), so the variance of regions.means is "
                    "not known; leave them out",
                    foundation.path, time.reason),
        true);
  same_on_all_ranks([&] {
    for (const std::string& key : output.region_means) stretches_of_key(times, key);
    auto keys = output.region_means;
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end())
      refuse(options, fmt::format("regions.means = {}: one twice; expected each once",
                                  fmt::join(output.region_means, ", ")));
  });
}

void write_means(const Communicator& comm, const StudyOptions& options, const Basis& basis) {
  const auto variables = product_variables(options, basis);
  const std::vector<RegionSeries> all = region_series(options, variables);
  std::optional<FunctionalReader> reader;
  const std::vector<KeyMeans> found = means_of(comm, options, variables, reader);
  comm.agree([&] {
    if (comm.is_root()) write_file(options, all, *reader, found);
  });
}

}  // namespace podscale
