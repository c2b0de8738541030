#include "podscale/study/product_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/region_axis.hpp"

namespace podscale {

ProductFile::ProductFile(const Communicator& comm, const std::string& path, const Mesh& mesh,
                         const Window& window, const SampleAxis& times, const ProductOptions& options)
    : comm_(&comm),
      file_(NetcdfFile::create(comm, path)),
      window_(window),
      mesh_points_(mesh.points()),
      options_(options),
      layout_(with_bounds(times), path) {
  comm.agree([&] {
    for (const ProductVariable& v : options.variables)
      conversion_.push_back(unit_conversion(v.working_units, v.units, "output.units"));
    for (const RegionSeries& series : options.region_series)
      series_conversion_.push_back(unit_conversion(series.working_units, series.units, "output.units"));
  });
  define_samples(file_, layout_);
  mesh_ = define_mesh(file_, mesh);
  coordinates_ = further_coordinates(layout_);
  // Members of the downscaling are the realizations, unless those are of its input.
  const bool of_input = layout_.has_realizations() || coordinates_.find("realization") != std::string::npos;
  member_ = of_input ? "member" : "realization";
  if (options.members > 0) {
    file_.define_dimension(member_, options.members);
    file_.define_variable(member_, NC_INT, {member_});
    if (of_input)
      file_.put_text(member_, "long_name", "member of the downscaling of a realization");
    else
      file_.put_text(member_, "standard_name", "realization");
    file_.put_text(member_, "units", "1");
  }
  define_fields();
  if (!options.history_age.empty()) {
    file_.define_variable("history_age", NC_DOUBLE, leading(true), {{}, 0, NC_FILL_DOUBLE});
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
  write_samples(comm, file_, layout_);
  write_mesh(comm, file_, mesh);
  if (!options.history_age.empty()) {
    std::vector<double> ages(layout_.runs() * layout_.steps(), NC_FILL_DOUBLE);
    for (std::size_t t = 0; t < options.history_age.size(); ++t)  // realizations are told of the same
      if (const SampleCell& cell = layout_.cells[t]; !std::isnan(options.history_age[t]))
        ages[cell.run * layout_.steps() + cell.step] = options.history_age[t];
    std::vector<std::size_t> count{layout_.steps()};
    if (layout_.has_runs()) count.insert(count.begin(), layout_.runs());
    if (!comm.is_root()) ages.clear(), std::fill(count.begin(), count.end(), 0);
    file_.put("history_age", std::vector<std::size_t>(count.size(), 0), count, std::span<const double>(ages));
  }
  if (!options.regions.empty()) put_numbers("region", region_numbers(options.regions.size()));
  if (options.members > 0)
    put_numbers(member_, numbers_from(options.first_member, static_cast<std::size_t>(options.members)));
  fill_empty_cells();
}

std::vector<std::string> ProductFile::leading(bool over_realizations) const {
  std::vector<std::string> dims = sample_dimensions(layout_);
  if (over_realizations && layout_.has_realizations()) dims.pop_back();
  return dims;
}

std::vector<std::size_t> ProductFile::start_of(const SampleCell& cell, bool over_realizations) const {
  std::vector<std::size_t> start;
  if (layout_.has_runs()) start.push_back(cell.run);
  start.push_back(cell.step);
  if (layout_.has_realizations() && !over_realizations) start.push_back(cell.realization);
  return start;
}

void ProductFile::put(const std::string& name, std::span<const SampleCell> cells, std::size_t channel,
                      std::span<const double> values, const Scaling& scaling, const std::size_t* member,
                      bool over_realizations) {
  const std::size_t ny = window_.ny, nx = window_.nx, n = ny * nx, channels = options_.variables.size();
  std::vector<float> part;
  for (std::size_t first = 0, end = 0; first < cells.size(); first = end) {
    // Steps that follow each other are written in one go.
    for (end = first + 1; end < cells.size(); ++end) {
      const SampleCell &a = cells[end - 1], &b = cells[end];
      if (a.run != b.run || a.realization != b.realization || b.step != a.step + 1) break;
    }
    part.resize((end - first) * n);
    for (std::size_t t = first; t < end; ++t)
      for (std::size_t i = 0; i < n; ++i) {
        const double value = values[(t * channels + channel) * n + i];
        const double written = scaling.scale * value + scaling.offset,
                     quantum =
                         scaling.quanta.empty() ? 0 : scaling.scale * scaling.quanta[t * channels + channel];
        part[(t - first) * n + i] = std::isnan(value) ? kFill
                                    : quantum != 0    ? std::round(written / quantum) * quantum
                                                      : written;
      }
    std::vector<std::size_t> start = start_of(cells[first], over_realizations),
                             count(start.size(), n > 0 ? 1 : 0);
    count[layout_.has_runs() ? 1 : 0] = n > 0 ? end - first : 0;
    if (member) start.push_back(*member), count.push_back(n > 0 ? 1 : 0);
    start.insert(start.end(), {static_cast<std::size_t>(window_.y0), static_cast<std::size_t>(window_.x0)});
    count.insert(count.end(), {ny, nx});
    file_.put(name, start, count, std::span<const float>(part));
  }
}

/// A run that lacks a lead of another one has no values there.
void ProductFile::fill_empty_cells() {
  if (!layout_.has_runs()) return;
  const std::set<SampleCell> taken(layout_.cells.begin(), layout_.cells.end()),
      times(layout_.cells_of_times.begin(), layout_.cells_of_times.end());
  const std::size_t n = static_cast<std::size_t>(window_.points()), channels = options_.variables.size();
  const std::vector<double> nothing(n * channels, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t run = 0; run < layout_.runs(); ++run)
    for (std::size_t step = 0; step < layout_.steps(); ++step)
      for (std::size_t r = 0; r < layout_.members(); ++r) {
        const SampleCell cell{r, run, step};
        if (taken.count(cell)) continue;
        const auto fill = [&](const std::string& name, const std::size_t* member = nullptr,
                              bool over = false) {
          put(name, std::span(&cell, 1), 0, nothing, {}, member, over);
        };
        for (const ProductVariable& v : options_.variables) {
          if (!options_.members_only)
            for (const char* suffix : {"", "_variance", "_std"}) fill(v.name + suffix);
          for (const ExtraField& extra : options_.extra) fill(v.name + extra.suffix);
          for (std::size_t m = 0; m < static_cast<std::size_t>(options_.members); ++m)
            fill(v.name + "_member", &m);
          if (r == 0 && options_.spread && layout_.has_realizations())
            for (const char* suffix :
                 {"_ensemble_mean", "_within_variance", "_between_variance", "_ensemble_std"})
              fill(v.name + suffix, nullptr, true);
        }
        fill_regions(cell);
      }
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

std::vector<std::size_t> ProductFile::samples_from(std::size_t first, std::size_t steps) {
  std::vector<std::size_t> samples(steps);
  std::iota(samples.begin(), samples.end(), first);
  return samples;
}

void ProductFile::write(std::size_t first, std::size_t steps, std::span<const double> mean,
                        std::span<const double> variance, std::span<const double> members,
                        const std::vector<std::vector<double>>& extra) {
  write(samples_from(first, steps), mean, variance, members, extra);
}

void ProductFile::write(std::span<const std::size_t> samples, std::span<const double> mean,
                        std::span<const double> variance, std::span<const double> members,
                        const std::vector<std::vector<double>>& extra) {
  const std::size_t steps = samples.size(), channels = options_.variables.size(), count = options_.members,
                    field = steps * channels * static_cast<std::size_t>(window_.points()),
                    fields = options_.members_only ? 0 : field;
  PODSCALE_ASSERT(mean.size() == fields && variance.size() == fields && members.size() == field * count &&
                      extra.size() == options_.extra.size(),
                  "sizes {}, {}, {}, {}", mean.size(), variance.size(), members.size(), extra.size());
  std::vector<SampleCell> cells;
  for (const std::size_t sample : samples) cells.push_back(layout_.cells.at(sample));
  std::vector<double> deviation(variance.begin(), variance.end());
  for (double& value : deviation) value = std::sqrt(value);
  const std::vector<double> quanta =
      options_.rounding > 0 && !options_.members_only ? quanta_of(steps, deviation) : std::vector<double>();
  for (std::size_t c = 0; c < channels; ++c) {
    const std::string& name = options_.variables[c].name;
    const auto [scale, offset] = conversion_[c];
    const Scaling plain{scale, offset, quanta}, squared{scale * scale, 0, {}};
    if (!options_.members_only) {
      put(name, cells, c, mean, plain);
      put(name + "_variance", cells, c, variance, squared);
      put(name + "_std", cells, c, deviation, {std::abs(scale), 0, {}});
    }
    for (std::size_t i = 0; i < extra.size(); ++i)
      put(name + options_.extra[i].suffix, cells, c, extra[i],
          options_.extra[i].kind == ExtraField::value      ? plain
          : options_.extra[i].kind == ExtraField::variance ? squared
                                                           : Scaling{1, 0, {}});
    for (std::size_t m = 0; m < count; ++m)
      put(name + "_member", cells, c, members.subspan(m * field, field), plain, &m);
  }
}

void ProductFile::write_spread(std::size_t time, const RealizationSpread& spread) {
  const std::vector<SampleCell> cells{layout_.cells_of_times.at(time)};
  std::vector<double> deviation(spread.within);
  for (std::size_t i = 0; i < deviation.size(); ++i)
    deviation[i] = std::sqrt(spread.within[i] + spread.between[i]);
  const std::vector<double> quanta = options_.rounding > 0 ? quanta_of(1, deviation) : std::vector<double>();
  for (std::size_t c = 0; c < options_.variables.size(); ++c) {
    const std::string& name = options_.variables[c].name;
    const auto [scale, offset] = conversion_[c];
    put(name + "_ensemble_mean", cells, c, spread.mean, {scale, offset, quanta}, nullptr, true);
    put(name + "_within_variance", cells, c, spread.within, {scale * scale, 0, {}}, nullptr, true);
    put(name + "_between_variance", cells, c, spread.between, {scale * scale, 0, {}}, nullptr, true);
    put(name + "_ensemble_std", cells, c, deviation, {std::abs(scale), 0, {}}, nullptr, true);
  }
}

}  // namespace podscale
