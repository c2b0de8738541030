#include "podscale/field/series.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "series_survey.hpp"
#include "window_reader.hpp"

namespace podscale {
namespace {

constexpr std::size_t kOpenFiles = 4;          // a series may have thousands
constexpr float kColdest = -5, kWarmest = 50;  // degC: no sea surface is beyond

struct OpenFile {
  long number;
  NetcdfFile file;
  FileLayout layout;
};

/// Values beyond what water can have, among those read so far.
struct Plausibility {
  long outside = 0, valid = 0;
  float lowest = INFINITY, highest = -INFINITY;
  void look(std::span<const float> values) {
    for (const float v : values) {
      if (std::isnan(v)) continue;
      ++valid;
      if (v >= kColdest && v <= kWarmest) continue;
      ++outside;
      lowest = std::min(lowest, v);
      highest = std::max(highest, v);
    }
  }
};

}  // namespace

struct Series::State {
  const Communicator* comm;
  SeriesSpec spec;
  Survey survey;
  mutable std::deque<OpenFile> open;  // the latest last
  mutable bool warned = false;

  /// Collective. Opens lazily: all ranks come here in the same order.
  const OpenFile& file(long number) const {
    for (const OpenFile& f : open)
      if (f.number == number) return f;
    if (open.size() >= kOpenFiles) open.pop_front();
    NetcdfFile handle = NetcdfFile::open(*comm, survey.files[static_cast<std::size_t>(number)]);
    FileLayout layout;
    layout.variable = cf_variable(handle, survey.variable, true);
    layout.conversion = unit_conversion(layout.variable.units, "degC",
                                        fmt::format("{}: variable '{}'", handle.path(), survey.variable));
    const long flips = survey.flips[static_cast<std::size_t>(number)];
    layout.flip_y = flips & 1;
    layout.flip_x = flips & 2;
    layout.file_nx = survey.grid.nx() + (flips & 4 ? 1 : 0);
    open.push_back({number, std::move(handle), std::move(layout)});
    return open.back();
  }
  void judge(Plausibility p, const std::string& where) const;
};

/// Collective. A field that lies outside as a whole has the wrong units; single values are land or ice under
/// a fill that no attribute names, and a mask variable is the cure.
void Series::State::judge(Plausibility p, const std::string& where) const {
  if (warned) return;
  long counts[2] = {p.outside, p.valid};
  comm->sum(std::span<long>(counts));
  if (counts[0] == 0) return;
  const float lowest = comm->min(p.lowest), highest = comm->max(p.highest);
  if (counts[0] == counts[1])
    throw Error(ExitCode::data,
                fmt::format("{}: all {} values of '{}' lie between {:.5g} and {:.5g} degC; expected {} to "
                            "{}: are the units right?",
                            where, counts[1], survey.variable, lowest, highest, kColdest, kWarmest),
                true);
  log::warn(
      "{}: {} of {} values of '{}' lie outside {} to {} degC (down to {:.5g}, up to {:.5g}): "
      "if they are land or ice, name a mask variable",
      where, counts[0], counts[1], survey.variable, kColdest, kWarmest, std::min(lowest, highest),
      std::max(lowest, highest));
  warned = true;
}

Series::Series(std::unique_ptr<State> state) : state_(std::move(state)) {}
Series::Series(Series&&) noexcept = default;
Series& Series::operator=(Series&&) noexcept = default;
Series::~Series() = default;

Series Series::open(const Communicator& comm, const SeriesSpec& spec) {
  auto state = std::make_unique<State>();
  state->comm = &comm;
  state->spec = spec;
  state->survey = survey_files(comm, spec);
  return Series(std::move(state));
}

const Grid& Series::grid() const {
  return state_->survey.grid;
}
const TimeAxis& Series::times() const {
  return state_->survey.times;
}
const SeriesSpec& Series::spec() const {
  return state_->spec;
}
const Communicator& Series::comm() const {
  return *state_->comm;
}
const std::vector<std::string>& Series::files() const {
  return state_->survey.files;
}

std::string Series::describe() const {
  const Survey& survey = state_->survey;
  if (survey.files.size() == 1) return fmt::format("{} in {}", survey.variable, survey.files[0]);
  return fmt::format("{} in {} ... {} ({} files)", survey.variable, survey.files.front(), survey.files.back(),
                     survey.files.size());
}

void Series::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const Survey& survey = state_->survey;
  const Communicator& comm = *state_->comm;
  comm.agree([&] {
    PODSCALE_ASSERT(out.size() == steps.size() * static_cast<std::size_t>(window.points()),
                    "{} values for {} steps of {} points", out.size(), steps.size(), window.points());
    for (const long step : steps)
      PODSCALE_ASSERT(step >= 0 && step < static_cast<long>(survey.steps.size()), "step {} of {}", step,
                      survey.steps.size());
  });
  const ReadPlan plan = ReadPlan::make(comm, survey.grid, window);
  Plausibility seen;
  for (std::size_t at = 0; at < steps.size();) {
    const FileStep first = survey.steps[static_cast<std::size_t>(steps[at])];
    std::size_t run = 1;  // steps that follow each other in one file come by one call
    while (at + run < steps.size()) {
      const FileStep next = survey.steps[static_cast<std::size_t>(steps[at + run])];
      if (next.file != first.file || next.index != first.index + static_cast<long>(run)) break;
      ++run;
    }
    const OpenFile& source = state_->file(first.file);
    const auto points = static_cast<std::size_t>(window.points());
    const std::span<float> target = out.subspan(at * points, run * points);
    read_window(source.file, source.layout, survey.grid, window, plan, first.index, static_cast<long>(run),
                target);
    if (!state_->warned) seen.look(target);
    at += run;
  }
  state_->judge(seen, describe());
}

}  // namespace podscale
