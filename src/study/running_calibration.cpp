#include "podscale/study/running_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/pairing.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/field/sample_file.hpp"
#include "podscale/study/patch_table.hpp"
#include "podscale/study/series.hpp"

namespace podscale {
namespace {

constexpr const char* kUnits = "days since 1800-01-01 00:00:00";
constexpr const char* kForgotten = "podscale_running_forgotten";

double days_since(Calendar calendar, const Date& date) {
  return static_cast<double>(day_number(calendar, date.year, date.month, date.day) -
                             day_number(calendar, 1800, 1, 1)) +
         date.second / 86400;
}

std::vector<double> area_weights(const Basis& basis) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < static_cast<std::size_t>(basis.points()); ++i)
    weights.push_back(basis.is_ocean(i) ? basis.area_weight(i) : 0);
  return weights;
}

/// In the one form that states have, whatever the series counts from.
SampleAxis as_stored(const SampleAxis& axis, std::vector<Sample> samples) {
  SampleAxis stored = axis;
  stored.units = kUnits;
  for (Sample& s : samples) {
    s.time = days_since(axis.calendar, s.date);
    s.interval.reset();
    if (s.span)
      s.interval = TimeSpan{days_since(axis.calendar, s.span->from), days_since(axis.calendar, s.span->to)};
  }
  stored.samples = std::move(samples);
  return stored;
}

}  // namespace

std::string running_path(const OutputOptions& output) {
  return output.running_file.value.empty()
             ? std::filesystem::path(output.product_file.get()).replace_extension(".running.nc").string()
             : output.running_file.value;
}

RunningCalibration::RunningCalibration(const Context& context, const Foundation& foundation,
                                       const SampleAxis& axis, Attributes made_by)
    : context_(context),
      basis_(foundation.basis),
      axis_(axis),
      path_(running_path(context.options.output)),
      made_by_(std::move(made_by)),
      truth_(open_truth(context.comm, context.options.data, basis_)),
      variance_(context.comm, context.options.sampling.running, area_weights(basis_), basis_.channels(),
                basis_.mesh.points()) {
  pair(axis_);
  variance_.start_run(day(axis_, 0));
  restore();
  log::info("running calibration: truth of {}, {} days later; {} earlier forecasts in {}", truth_->describe(),
            context.options.sampling.running.delay, variance_.records().size(), path_);
}

double RunningCalibration::day(const SampleAxis& axis, std::size_t step) const {
  return days_since(axis.calendar, axis.centre(step));
}

void RunningCalibration::pair(const SampleAxis& axis) {
  std::vector<long> steps(axis.size()), all(truth_->times().size());
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<long>(i);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<long>(i);
  for (const StepPair& pair : pair_steps(axis, steps, truth_->times(), all).pairs)
    truth_step_[day(axis, static_cast<std::size_t>(pair.a))] = pair.b;
}

void RunningCalibration::restore() {
  const Communicator& comm = context_.comm;
  int there = 0;
  std::error_code status;
  if (comm.is_root()) there = std::filesystem::exists(path_, status);
  if (comm.max(there) == 0) return;
  const NetcdfFile file = NetcdfFile::open(comm, path_);
  const std::string remedy = "give another output.running_file, or remove it to start anew";
  if (!file.sealed())
    throw Error(
        ExitCode::data,
        fmt::format("{}: has no checksum as its last line: cut off, or changed by another program; {}", path_,
                    remedy),
        true);
  for (const Attribute& a : made_by_)
    if (const std::string found = file.text("", a.name).value_or(""); found != a.text)
      throw Error(
          ExitCode::data,
          fmt::format("{}: {} = '{}', but this run has '{}': the errors of another forecast say nothing of "
                      "this one; {}",
                      path_, a.name, found, a.text, remedy),
          true);
  SampleAxis stored = read_samples(file);
  if (stored.calendar != axis_.calendar)
    throw Error(ExitCode::data,
                fmt::format("{}: its calendar is {}, that of the LR series {}; {}", path_,
                            calendar_name(stored.calendar), calendar_name(axis_.calendar), remedy),
                true);
  understand(stored, axis_.step);
  pair(stored);
  const double start = day(axis_, 0),
               forgotten = file.numbers("", kForgotten).value_or(std::vector{-1e300}).front();
  const RunningOptions& options = context_.options.sampling.running;
  if (forgotten > start - options.delay - options.window)
    log::warn(
        "{}: holds what runs after {} need, and forgot earlier days: the first {} days of this run have a level "
        "that is less sure, and other bits than before",
        path_, date_text(axis_[0].date), options.delay + options.window);
  variance_.restore_forgotten(forgotten);
  const std::size_t channels = static_cast<std::size_t>(basis_.channels()),
                    n = static_cast<std::size_t>(basis_.points());
  const auto known = file.get_all("truth_known");
  for (std::size_t t = 0; t < stored.size(); ++t) {
    RunningVariance::Record record;
    record.day = day(stored, t);
    if (record.day >= start) break;  // this run makes them again
    record.known = known[t] != 0;
    const Hyperslab h = hyperslab(basis_.window, {1, channels});
    Sizes from = h.start;
    from[0] = t;
    const auto get = [&](const std::string& name, std::vector<float>& values) {
      values.resize(n);
      file.get(name, from, h.count, std::span(values));
    };
    if (record.known) {
      get("squared_error", record.square);
    } else {
      get("forecast_mean", record.mean);
      get("forecast_variance", record.variance);
    }
    samples_[record.day] = stored[t];
    variance_.restore(std::move(record));
  }
}

/// What the times of a block may need, in one call.
void RunningCalibration::read_truth(std::size_t first, std::size_t count) {
  fields_.clear();
  const double last = day(axis_, first + count - 1);
  std::vector<double> days = variance_.wanted(last);
  for (std::size_t t = first; t < first + count; ++t)
    if (const double d = day(axis_, t); d <= last - context_.options.sampling.running.delay + 1e-5)
      days.push_back(d);
  std::vector<double> there;
  std::vector<long> steps;
  for (const double d : days)
    if (const auto found = truth_step_.find(d); found != truth_step_.end() && !fields_.contains(d)) {
      fields_[d];
      there.push_back(d);
      steps.push_back(found->second);
    }
  const std::size_t n = static_cast<std::size_t>(basis_.points());
  std::vector<float> values(n * steps.size());
  truth_->read(basis_.window, steps, values);
  for (std::size_t s = 0; s < steps.size(); ++s)
    fields_[there[s]].assign(values.begin() + static_cast<long>(s * n),
                             values.begin() + static_cast<long>((s + 1) * n));
}

void RunningCalibration::apply(const Forecaster::Batch& batch, std::size_t first, double truncation,
                               const DownscaleOptions& options, BlockFields& fields) {
  const std::size_t n = static_cast<std::size_t>(basis_.points()), times = batch.forecasts.size();
  read_truth(first, times);
  std::vector<double> climatology(n);
  for (std::size_t t = 0; t < times; ++t) {
    const double now = day(axis_, first + t);
    for (const double d : variance_.wanted(now))
      if (const auto found = fields_.find(d); found != fields_.end()) variance_.set_truth(d, found->second);
    const std::vector<double> factor = variance_.factors(now);
    const auto mean = std::span(fields.mean).subspan(t * n, n),
               variance = std::span(fields.variance).subspan(t * n, n);
    variance_.add(now, mean, variance);
    samples_[now] = axis_[first + t];
    // Parts of the budget come first, then the bounds, then the factor: see extra_fields().
    auto extra = fields.extra.begin();
    if (options.budget) {
      extra += 3;
      for (std::size_t i = 0; i < n; ++i) (*extra)[t * n + i] += (factor[i] - 1) * variance[i];
      ++extra;
    }
    const auto stretch = [&](std::vector<double>& field, std::size_t from) {
      for (std::size_t i = 0; i < n; ++i)
        field[from + i] = mean[i] + std::sqrt(factor[i]) * (field[from + i] - mean[i]);
    };
    if (options.interval > 0)
      for (int side = 0; side < 2; ++side) stretch(*extra++, t * n);
    for (int m = 0; m < options.members; ++m)
      stretch(fields.members, (static_cast<std::size_t>(m) * times + t) * n);
    for (std::size_t i = 0; i < n; ++i) {
      (*extra)[t * n + i] = basis_.is_ocean(i) ? factor[i] : std::numeric_limits<double>::quiet_NaN();
      variance[i] *= factor[i];
    }
    if (options.regions.empty()) continue;
    std::vector<Functional> scaled = options.regions;
    for (Functional& f : scaled)
      for (std::size_t i = 0; i < n; ++i) f.weights[i] *= std::sqrt(factor[i]);
    basis_.hr_climatology.evaluate(basis_.year_phase(axis_, first + t), climatology);
    const auto found = FunctionalSet(basis_, std::move(scaled))
                           .evaluate(context_.comm, batch.forecasts[t], truncation, climatology);
    for (std::size_t r = 0; r < found.size(); ++r)
      fields.region_variance[t * found.size() + r] = found[r].variance;
  }
}

void RunningCalibration::commit() {
  std::vector<Sample> kept;
  for (const RunningVariance::Record& record : variance_.records()) kept.push_back(samples_.at(record.day));
  const SampleAxis stored = as_stored(axis_, std::move(kept));
  NetcdfFile file = NetcdfFile::create(context_.comm, path_);
  define_samples(file, stored, 32);
  const MeshNames mesh = define_mesh(file, basis_.mesh);
  file.define_dimension("channel", static_cast<std::size_t>(basis_.channels()));
  const auto [units, spread, squared] = field_units(basis_);
  const auto chunk = basis_.decomposition.chunk_shape();
  const auto define = [&](const std::string& name, const std::string& what, const std::string& of) {
    file.define_variable(name, NC_FLOAT, {"time", "channel", mesh.y, mesh.x},
                         {{1, 1, chunk[0], chunk[1]}, 1, {}});
    file.describe(name, what, of);
    mesh.describe(file, name);
  };
  define("forecast_mean", "forecasts whose truth is awaited", units);
  define("forecast_variance", "their variance before the running factor", squared);
  define("squared_error", "squared error over variance of forecasts whose truth has come; NaN without", "1");
  file.define_variable("truth_known", NC_INT, {"time"});
  file.describe("truth_known", "1: truth has come, squared_error counts; 0: the forecast waits for it", "1");
  file.put_text("", "title", "podscale running calibration: what later runs need");
  put_attributes(file, made_by_);
  file.put_numbers("", kForgotten, {variance_.forgotten()});
  file.end_definitions();
  write_samples(context_.comm, file, stored);
  write_mesh(context_.comm, file, basis_.mesh);
  const std::size_t channels = static_cast<std::size_t>(basis_.channels()),
                    n = static_cast<std::size_t>(basis_.points());
  const std::vector<float> none(n, 0.0f);
  const Hyperslab h = hyperslab(basis_.window, {1, channels});
  std::vector<double> known;
  std::size_t t = 0;
  for (const RunningVariance::Record& record : variance_.records()) {
    Sizes from = h.start;
    from[0] = t++;
    for (const auto& [name, values] : {std::pair{"forecast_mean", &record.mean},
                                       {"forecast_variance", &record.variance},
                                       {"squared_error", &record.square}})
      file.put(name, from, h.count, std::span<const float>(values->empty() ? none : *values));
    known.push_back(record.known);
  }
  if (!context_.comm.is_root()) known.clear();
  file.put("truth_known", {0}, {known.size()}, std::span<const double>(known));
  file.commit();
}

}  // namespace podscale
