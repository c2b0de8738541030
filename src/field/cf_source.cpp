#include "podscale/field/cf_source.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "file_reader.hpp"
#include "land_mask.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/stop.hpp"
#include "read_plan.hpp"
#include "survey.hpp"
#include "tile_exchange.hpp"

namespace podscale {
namespace {

constexpr std::size_t kAhead = 256u << 20;  // bytes of a chunk of time that is kept until the next one

/// Values of a file, and those beyond the plausible range, among those read so far.
struct Plausibility {
  long outside = 0, valid = 0;
  float lowest = INFINITY, highest = -INFINITY;
  void look(std::span<const float> values, const PlausibleRange& range) {
    for (const float v : values) {
      if (std::isnan(v)) continue;
      ++valid;
      lowest = std::min(lowest, v);
      highest = std::max(highest, v);
      outside += v >= range.low && v <= range.high ? 0 : 1;
    }
  }
};

/// A part of a step in the memory of the rank that read it.
struct Part {
  int owner;
  Window window;
  std::vector<float> values;  // on the owner
};
/// A step that was read. All ranks know who has which part.
struct Held {
  Window window;  // of all parts together
  bool kept;      // in the cache; else until something is read again
  std::vector<Part> parts;
};

std::size_t bytes_of(const ReadTask& task, std::size_t steps) {
  return steps * static_cast<std::size_t>(task.window.points()) * sizeof(float);
}

}  // namespace

struct CfSource::State {
  const Communicator* comm;
  CfSpec spec;
  Survey survey;
  std::vector<Variable> variables;
  std::shared_ptr<FieldCache> cache;
  std::map<std::array<long, 4>, std::vector<long>> steps_of_chunk{};  // see FileStep::unit
  mutable FileReader reader;
  mutable Window wanted{};  // what all ranks together have asked for so far
  mutable std::map<long, Held> held{};
  mutable std::set<long> judged{};    // files that hold plausible values
  mutable std::vector<float> mask{};  // of the whole grid, on rank 0, once it was asked for

  State(const Communicator& c, const CfSpec& s, Survey found, std::shared_ptr<FieldCache> f, long element)
      : comm(&c),
        spec(s),
        survey(std::move(found)),
        variables{survey.variable},
        cache(std::move(f)),
        reader(survey, spec.missing, spec.further, element) {
    for (std::size_t t = 0; t < survey.steps.size(); ++t)
      steps_of_chunk[chunk_of(static_cast<long>(t))].push_back(static_cast<long>(t));
  }
  std::array<long, 4> chunk_of(long step) const {
    const FileStep at = survey.steps[step];
    return at.unit(survey.stored[at.file].chunks.t);
  }
  void bring(std::span<const long> steps, const Window& window) const;
  void read(const ReadTask& task, std::map<long, Plausibility>& seen) const;
  void judge(const std::map<long, Plausibility>& seen) const;
  void require_finite(const Window& window, std::span<const long> steps, std::span<const float> values) const;
  void drop(const std::set<long>& steps, const std::set<long>& needed) const;
  std::string describe() const;
};

/// Forgets these steps, and what is not kept but for the steps `needed`. Not collective, the same
/// on all ranks.
void CfSource::State::drop(const std::set<long>& steps, const std::set<long>& needed) const {
  std::erase_if(held, [&](const auto& entry) {
    const auto& [step, of_step] = entry;
    if (!steps.count(step) && (of_step.kept || needed.count(step))) return false;
    for (const Part& part : of_step.parts)
      if (of_step.kept)
        cache->give_back(part.owner, static_cast<std::size_t>(part.window.points()) * sizeof(float));
    return true;
  });
}

/// Not collective. Steps of a task from its file to `held`.
void CfSource::State::read(const ReadTask& task, std::map<long, Plausibility>& seen) const {
  const auto index = [&](long step) { return survey.steps[step].index; };
  long first = index(task.steps.front()), last = first;
  for (const long step : task.steps) first = std::min(first, index(step)), last = std::max(last, index(step));
  const std::size_t points = task.window.points();
  std::vector<float> values(points * static_cast<std::size_t>(last - first + 1));
  FileStep at = survey.steps[task.steps.front()];
  at.index = first;
  reader.read(at, last - first + 1, task.window, values);
  if (survey.variable.plausible && !judged.count(task.file))
    seen[task.file].look(values, *survey.variable.plausible);
  for (const long step : task.steps) {
    auto& parts = held.at(step).parts;
    const auto part =
        std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.window == task.window; });
    const auto begin = values.begin() + static_cast<long>(points) * (index(step) - first);
    part->values.assign(begin, begin + static_cast<long>(points));
  }
}

/// Collective. Sees to it that some ranks hold `window` of the steps.
void CfSource::State::bring(std::span<const long> steps, const Window& window) const {
  std::set<long> missing;
  for (const long step : steps)
    if (const auto found = held.find(step);
        found == held.end() || !contains(survey.mesh, found->second.window, window))
      missing.insert(step);
  if (missing.empty()) return;
  drop(missing, std::set<long>(steps.begin(), steps.end()));
  const Window both[] = {wanted, window};
  wanted = unsplit_window(survey, bounding_window(survey.mesh, both));

  auto tasks = plan_reading(survey, std::vector<long>(missing.begin(), missing.end()), wanted, comm->size());
  const auto fits = [&](std::span<const ReadTask> of_chunk, std::size_t count) {
    for (std::size_t i = 0; cache && i < of_chunk.size(); ++i)
      if (!cache->take(of_chunk[i].owner, bytes_of(of_chunk[i], count))) {
        while (i-- > 0) cache->give_back(of_chunk[i].owner, bytes_of(of_chunk[i], count));
        return false;
      }
    return cache != nullptr;
  };
  // A chunk of time is inflated as a whole: all its steps are taken where memory allows.
  for (std::size_t first = 0, end = 0; first < tasks.size(); first = end) {
    const auto chunk = chunk_of(tasks[first].steps.front());
    while (end < tasks.size() && chunk_of(tasks[end].steps.front()) == chunk) ++end;
    const auto of_chunk = std::span(tasks).subspan(first, end - first);
    std::vector<long> all;
    for (const long step : steps_of_chunk.at(chunk))
      if (!held.count(step)) all.push_back(step);
    bool kept = fits(of_chunk, all.size());
    const bool ahead = kept || std::all_of(of_chunk.begin(), of_chunk.end(), [&](const ReadTask& task) {
                         return bytes_of(task, all.size()) <= kAhead;
                       });
    if (!ahead) kept = fits(of_chunk, tasks[first].steps.size());
    for (ReadTask& task : of_chunk) {
      if (ahead) task.steps = all;
      for (const long step : task.steps) {
        Held& of_step = held[step];
        of_step.window = wanted;
        of_step.kept = kept;
        of_step.parts.push_back({task.owner, task.window, {}});
      }
    }
  }
  std::map<long, Plausibility> seen;  // alike on all ranks: of the files that are read now
  for (const ReadTask& task : tasks) seen[task.file];
  try {
    comm->agree([&] {
      on_this_rank([&] {
        for (const ReadTask& task : tasks)
          if (task.owner == comm->rank()) stop_here(), read(task, seen);
      });
    });
    judge(seen);
  } catch (const Error&) {  // of all ranks: what was not read is not held
    std::set<long> planned;
    for (const ReadTask& task : tasks) planned.insert(task.steps.begin(), task.steps.end());
    drop(planned, {});
    throw;
  }
}

/// Collective. A file that lies outside as a whole has the wrong units, whatever the others have.
void CfSource::State::judge(const std::map<long, Plausibility>& seen) const {
  if (!survey.variable.plausible) return;
  const auto [low, high] = *survey.variable.plausible;
  for (const auto& [file, p] : seen) {
    if (judged.count(file)) continue;
    long counts[2] = {p.outside, p.valid};
    comm->sum(std::span<long>(counts));
    const float lowest = comm->min(p.lowest), highest = comm->max(p.highest);
    if (counts[0] < counts[1]) judged.insert(file);
    if (counts[1] > 0 && counts[0] == counts[1])
      throw Error(ExitCode::data,
                  fmt::format("{}: all {} values of '{}' lie between {:.5g} and {:.5g} {}; expected {} to "
                              "{} (data.plausible): are the units right?",
                              survey.files[file], counts[1], survey.variable.name, lowest, highest,
                              survey.variable.working_units, low, high),
                  true);
  }
}

/// Not collective. Refuses infinite values of this rank's window.
void CfSource::State::require_finite(const Window& window, std::span<const long> steps,
                                     std::span<const float> values) const {
  const auto found = std::find_if(values.begin(), values.end(), [](float v) { return std::isinf(v); });
  if (found == values.end()) return;
  const long at = found - values.begin(), n = window.points(), step = steps[at / n];
  const idx_t row = at % n / window.nx, column = at % n % window.nx;
  const idx_t point = point_of(survey.mesh, window, row, column);
  fail(
      ExitCode::data,
      "{}: '{}' is infinite at {} in row {}, column {}; expected numbers: if it means missing, make it so in "
      "the file, as in 'cdo setctomiss,inf in.nc out.nc'",
      survey.files[survey.steps[step].file], survey.variable.name, date_text(survey.times[step].date),
      point / survey.mesh.nx(), point % survey.mesh.nx());
}

CfSource::CfSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
CfSource::CfSource(CfSource&&) noexcept = default;
CfSource& CfSource::operator=(CfSource&&) noexcept = default;
CfSource::~CfSource() = default;

CfSource CfSource::open(const Communicator& comm, const CfSpec& spec, std::shared_ptr<FieldCache> cache) {
  return CfSource(std::make_unique<State>(comm, spec, survey_files(comm, spec), std::move(cache), 0));
}

long CfSource::elements() const {
  return state_->survey.elements;
}
CfSource CfSource::element(long index) const {
  const State& s = *state_;
  PODSCALE_ASSERT(index >= 0 && index < elements(), "element {} of {}", index, elements());
  return CfSource(std::make_unique<State>(*s.comm, s.spec, s.survey, s.cache, index));
}

const Communicator& CfSource::comm() const {
  return *state_->comm;
}
const Mesh& CfSource::mesh() const {
  return state_->survey.mesh;
}
const std::vector<Variable>& CfSource::variables() const {
  return state_->variables;
}
const SampleAxis& CfSource::times() const {
  return state_->survey.times;
}
const std::vector<std::string>& CfSource::files() const {
  return state_->survey.files;
}
long CfSource::chunks_read() const {
  return state_->reader.chunks_read();
}

std::string CfSource::describe() const {
  return state_->describe();
}
std::string CfSource::where(long step, idx_t) const {
  const Survey& survey = state_->survey;
  return fmt::format("{} in {}", survey.variable.name, survey.files[survey.steps[step].file]);
}
std::string CfSource::State::describe() const {
  if (survey.files.size() == 1) return fmt::format("{} in {}", survey.variable.name, survey.files[0]);
  return fmt::format("{} in {} ... {} ({} files)", survey.variable.name, survey.files.front(),
                     survey.files.back(), survey.files.size());
}

void CfSource::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const Stage stage(StageId::read);
  const State& s = *state_;
  const Mesh& mesh = s.survey.mesh;
  const auto windows = gather_windows(*s.comm, mesh, window, [&] {
    stop_here();  // whoever reads in blocks stops between two of them
    PODSCALE_ASSERT(out.size() == steps.size() * static_cast<std::size_t>(window.points()),
                    "{} values for {} steps of {} points", out.size(), steps.size(), window.points());
    for (const long step : steps)
      PODSCALE_ASSERT(step >= 0 && step < std::ssize(s.survey.steps), "step {} of {}", step,
                      s.survey.steps.size());
  });
  const Window needed = bounding_window(mesh, windows);
  if (needed.points() == 0 || steps.empty()) return;
  s.bring(steps, needed);
  std::vector<FieldWindow> tiles;
  for (std::size_t t = 0; t < steps.size(); ++t)
    for (const Part& part : s.held.at(steps[t]).parts)
      tiles.push_back({static_cast<long>(t), part.owner, part.window, part.values.data()});
  exchange_tiles(*s.comm, mesh, windows, tiles, out);
  s.comm->agree([&] { s.require_finite(window, steps, out); });
  // A chunk of several steps stays until the next one is read: its other steps are likely to be
  // next.
  if (std::all_of(s.survey.stored.begin(), s.survey.stored.end(),
                  [](const auto& f) { return f.chunks.t == 1; }))
    s.drop({}, {});
}

std::vector<unsigned char> CfSource::land_mask(const Window& window) const {
  const State& s = *state_;
  const Mesh& mesh = s.survey.mesh;
  if (!s.spec.has_mask()) return FieldSource::land_mask(window);
  const auto windows = gather_windows(*s.comm, mesh, window, [&] {
    if (!s.comm->is_root() || !s.mask.empty()) return;
    on_this_rank([&] { s.mask = read_land_mask(s.spec, s.survey.files.front(), mesh, describe()); });
  });
  std::vector<float> values(window.points());
  const FieldWindow all[] = {{0, 0, {0, mesh.ny(), 0, mesh.nx()}, s.mask.data()}};
  exchange_tiles(*s.comm, mesh, windows, all, values);
  return {values.begin(), values.end()};
}

}  // namespace podscale
