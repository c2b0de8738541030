// ProductFile: the area means of named regions, as series.
#include <algorithm>
#include <array>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/study/region_axis.hpp"

namespace podscale {

void ProductFile::define_regions() {
  define_region_axis(file_, options_.regions, options_.region_boxes);
  for (const RegionSeries& series : options_.region_series)
    for (const auto& [suffix, what, units] :
         {std::array<std::string, 3>{"_region_mean", ", area mean of the region, downscaled mean",
                                     series.units},
          {"_region_std", ", standard deviation of the area mean of the region",
           difference_units(series.units)}}) {
      std::vector<std::string> dims = leading();
      dims.emplace_back("region");
      file_.define_variable(series.name + suffix, NC_DOUBLE, dims,
                            layout_.has_runs() ? VariableOptions{{}, 0, NC_FILL_DOUBLE} : VariableOptions{});
      file_.put_text(series.name + suffix, "long_name", series.long_name + what);
      file_.put_text(series.name + suffix, "units", units);
    }
}

void ProductFile::fill_regions(const SampleCell& cell) {
  const std::vector<double> none(comm_->is_root() ? options_.regions.size() : 0, NC_FILL_DOUBLE);
  std::vector<std::size_t> start = start_of(cell), count(start.size(), none.empty() ? 0 : 1);
  start.push_back(0), count.push_back(none.size());
  for (const RegionSeries& series : options_.region_series)
    for (const char* suffix : {"_region_mean", "_region_std"})
      if (!options_.regions.empty())
        file_.put(series.name + suffix, start, count, std::span<const double>(none));
}

void ProductFile::write_regions(std::size_t first, std::size_t steps, std::span<const double> mean,
                                std::span<const double> variance) {
  write_regions(samples_from(first, steps), mean, variance);
}

void ProductFile::write_regions(std::span<const std::size_t> samples, std::span<const double> mean,
                                std::span<const double> variance) {
  const std::size_t regions = options_.regions.size(), series = options_.region_series.size();
  PODSCALE_ASSERT(mean.size() == samples.size() * series * regions && variance.size() == mean.size(),
                  "{} values", mean.size());
  for (std::size_t s = 0; s < series; ++s) {
    const auto [scale, offset] = series_conversion_[s];
    for (std::size_t t = 0; t < samples.size(); ++t) {
      std::vector<double> values, deviations;
      for (std::size_t r = 0; comm_->is_root() && r < regions; ++r) {
        const std::size_t i = (t * series + s) * regions + r;
        values.push_back(scale * mean[i] + offset);
        deviations.push_back(std::abs(scale) * std::sqrt(variance[i]));
      }
      std::vector<std::size_t> start = start_of(layout_.cells.at(samples[t])),
                               count(start.size(), values.empty() ? 0 : 1);
      start.push_back(0), count.push_back(values.size());
      const std::string& name = options_.region_series[s].name;
      file_.put(name + "_region_mean", start, count, std::span<const double>(values));
      file_.put(name + "_region_std", start, count, std::span<const double>(deviations));
    }
  }
}

}  // namespace podscale
