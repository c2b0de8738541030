#include "podscale/study/ocean_forecast.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/random.hpp"
#include "podscale/core/sample_layout.hpp"
#include "podscale/core/version.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/field/sample_file.hpp"

namespace podscale {
namespace {

constexpr float kFill = 1e20f;
constexpr int kWaves = 12;          // of an error field
constexpr std::uint32_t kPart = 7;  // of the stream of the ocean

/// A smooth field of variance 1: plane waves of two to eight cells, at one step of one run.
class ErrorField {
 public:
  ErrorField(std::uint64_t seed, std::uint32_t run, std::uint32_t member, std::uint32_t lead) {
    const CounterRandom random(seed, Stream::ocean);
    std::vector<double> normal(4 * kWaves);
    random.fill_normal(std::span(normal), kPart, run, member << 16 | lead);
    for (int w = 0; w < kWaves; ++w) {
      const double* n = normal.data() + 4 * w;
      const double wavelength = 4 + 2 * std::tanh(n[0]), angle = n[1] * std::numbers::pi;
      ky_[w] = 2 * std::numbers::pi / wavelength * std::sin(angle);
      kx_[w] = 2 * std::numbers::pi / wavelength * std::cos(angle);
      a_[w] = n[2] / std::sqrt(kWaves);
      b_[w] = n[3] / std::sqrt(kWaves);
    }
  }
  double at(idx_t row, idx_t column) const {
    double sum = 0;
    for (int w = 0; w < kWaves; ++w) {
      const double phase = ky_[w] * static_cast<double>(row) + kx_[w] * static_cast<double>(column);
      sum += a_[w] * std::cos(phase) + b_[w] * std::sin(phase);
    }
    return sum;
  }

 private:
  std::array<double, kWaves> ky_{}, kx_{}, a_{}, b_{};
};

struct Run {
  Date reference;
  std::vector<long> steps;  // of the companion, lead by lead
};

std::vector<Run> runs_of(const OceanForecasts& asked, const SampleAxis& times) {
  std::vector<Run> runs;
  const Date begin =
      asked.from.empty() ? times[0].date : parse_date(asked.from, times.calendar, "&ocean forecast_from");
  const auto step_at = [&](double days) {  // after begin
    for (std::size_t t = 0; t < times.size(); ++t)
      if (std::abs(days_between(times.calendar, begin, times[t].date) - days) < 1e-3)
        return static_cast<long>(t);
    return -1L;
  };
  const double last = days_between(times.calendar, begin, times.samples.back().date);
  for (long day = 0; static_cast<double>(day + asked.length) <= last; day += asked.every) {
    Run run{shifted(times.calendar, begin, static_cast<double>(day) * 86400), {}};
    for (long lead = 1; lead <= asked.length; ++lead)
      if (const long step = step_at(static_cast<double>(day + lead)); step >= 0) run.steps.push_back(step);
    if (std::ssize(run.steps) == asked.length) runs.push_back(std::move(run));
  }
  if (runs.empty())
    fail(
        ExitCode::usage,
        "&ocean forecast_from = '{}', forecast_days = {}: no run fits into the daily series that ends on {}; "
        "expected an earlier date or fewer days",
        asked.from, asked.length, date_text(times.samples.back().date));
  return runs;
}

std::string path_of(const std::string& pattern, const Date& date) {
  const std::size_t at = pattern.find("YYYYMMDD");
  if (at == std::string::npos) return pattern;
  std::string path = pattern;
  return path.replace(at, 8, fmt::format("{:04d}{:02d}{:02d}", date.year, date.month, date.day));
}

/// Collective. Some runs as one file.
void write_runs(const Communicator& comm, const CfSource& lr, const std::string& path,
                std::span<const Run> runs, const OceanForecasts& asked, const std::string& source) {
  const Mesh& mesh = lr.mesh();
  const Variable& variable = lr.variables()[0];
  SampleAxis axis{lr.times().calendar, lr.times().units, {}};
  for (long m = 0; m < asked.members; ++m)
    for (const Run& run : runs)
      for (const long step : run.steps) {
        Sample sample = lr.times()[static_cast<std::size_t>(step)];
        sample.reference = run.reference;
        sample.realization = asked.members > 1 ? m + 1 : 0;
        sample.interval.reset();
        axis.samples.push_back(sample);
      }
  const SampleLayout layout(axis, path);
  NetcdfFile file = NetcdfFile::create(comm, path);
  define_samples(file, layout);
  const MeshNames names = define_mesh(file, mesh);
  std::vector<std::string> dims = sample_dimensions(layout);
  dims.insert(dims.end(), {names.y, names.x});
  std::vector<std::size_t> chunk(dims.size(), 1);
  chunk[dims.size() - 2] = static_cast<std::size_t>(mesh.ny());
  chunk.back() = static_cast<std::size_t>(mesh.nx());
  file.define_variable(variable.name, NC_FLOAT, dims, {chunk, asked.deflate, kFill});
  if (!variable.standard_name.empty()) file.put_text(variable.name, "standard_name", variable.standard_name);
  file.describe(variable.name, variable.long_name, variable.units);
  names.describe(file, variable.name);
  if (const std::string more = further_coordinates(layout); !more.empty())
    file.put_text(variable.name, "coordinates",
                  names.coordinates + (names.coordinates.empty() ? "" : " ") + more);
  file.put_text("", "Conventions", "CF-1.8");
  file.put_text("", "title", "Synthetic ocean, forecasts at low resolution");
  file.put_text("", "source", source);
  file.put_text("", "history", comm.broadcast(history_line()));
  file.end_definitions();
  write_samples(comm, file, layout);
  write_mesh(comm, file, mesh);

  const Share rows = share_of(mesh.ny(), comm.size(), comm.rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0};
  const double memory = std::exp(-1 / asked.growth), fresh = std::sqrt(1 - memory * memory) * asked.error;
  const std::size_t n = static_cast<std::size_t>(window.points());
  std::size_t sample = 0;
  for (int m = 0; m < asked.members; ++m)
    for (const Run& run : runs) {
      const auto day = static_cast<std::uint32_t>(
          day_number(axis.calendar, run.reference.year, run.reference.month, run.reference.day));
      const std::size_t leads = run.steps.size();
      std::vector<double> error(n, 0.0);
      std::vector<float> fields(leads * n);
      lr.read(window, run.steps, fields);
      for (std::size_t lead = 0; lead < leads; ++lead) {
        const ErrorField news(asked.seed, day, static_cast<std::uint32_t>(m),
                              static_cast<std::uint32_t>(lead));
        for (std::size_t i = 0; i < n; ++i) {
          const idx_t at = static_cast<idx_t>(i);
          error[i] = memory * error[i] + fresh * news.at(window.y0 + at / window.nx, at % window.nx);
          float& value = fields[lead * n + i];
          value = std::isnan(value) ? kFill : static_cast<float>(static_cast<double>(value) + error[i]);
        }
      }
      // The leads of a run follow each other in the file.
      const SampleCell cell = layout.cells[sample];
      std::vector<std::size_t> start, count;
      if (layout.has_runs()) start.push_back(cell.run), count.push_back(n > 0 ? 1 : 0);
      start.push_back(cell.step), count.push_back(n > 0 ? leads : 0);
      if (layout.has_realizations()) start.push_back(cell.realization), count.push_back(n > 0 ? 1 : 0);
      start.insert(start.end(), {static_cast<std::size_t>(window.y0), 0});
      count.insert(count.end(), {static_cast<std::size_t>(window.ny), static_cast<std::size_t>(window.nx)});
      file.put(variable.name, start, count, std::span<const float>(fields));
      sample += leads;
    }
  file.commit();
}

}  // namespace

std::vector<std::string> ocean_forecast_paths(const OceanForecasts& asked, const SampleAxis& times) {
  std::vector<std::string> paths;
  for (const Run& run : runs_of(asked, times)) {
    const std::string path = path_of(asked.path, run.reference);
    if (paths.empty() || paths.back() != path) paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> write_ocean_forecasts(const Communicator& comm, const std::string& lr_path,
                                               const std::string& variable, const OceanForecasts& asked,
                                               const std::string& source) {
  const CfSource lr = CfSource::open(comm, {"LR", {lr_path}, variable, "", "", {}});
  const std::vector<Run> runs = same_on_all_ranks([&] { return runs_of(asked, lr.times()); });
  const bool each = asked.path.find("YYYYMMDD") != std::string::npos;
  std::vector<std::string> paths;
  for (std::size_t r = 0; r < runs.size(); r += each ? 1 : runs.size()) {
    paths.push_back(path_of(asked.path, runs[r].reference));
    write_runs(comm, lr, paths.back(), std::span(runs).subspan(r, each ? 1 : runs.size()), asked, source);
  }
  return paths;
}

}  // namespace podscale
