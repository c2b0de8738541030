#include "survey.hpp"

#include <glob.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include "cf_variable.hpp"
#include "coordinates.hpp"
#include "limits_check.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/text.hpp"
#include "podscale/field/sample_file.hpp"

namespace podscale {
namespace {

/// Paths and matches of globs, each file once.
std::vector<std::string> expand(const CfSpec& spec) {
  std::vector<std::string> files;
  std::set<std::string> seen;
  const auto add = [&](const std::string& path) {
    std::error_code status;
    const auto canonical = std::filesystem::weakly_canonical(path, status);
    if (seen.insert(status ? path : canonical.string()).second) files.push_back(path);
  };
  for (const std::string& pattern : spec.files) {
    std::error_code status;
    const bool wild = pattern.find_first_of("*?[") != std::string::npos;
    if (!wild || std::filesystem::exists(pattern, status)) {
      add(pattern);
      continue;
    }
    glob_t found{};
    glob(pattern.c_str(), 0, nullptr, &found);
    const std::vector<std::string> matches(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    if (matches.empty())
      fail(ExitCode::no_input, "{} files: nothing matches '{}'; check the path", spec.label, pattern);
    for (const std::string& match : matches) add(match);
  }
  if (files.empty()) fail(ExitCode::usage, "{} files: the list is empty; name at least one file", spec.label);
  return files;
}

struct Source {
  std::string path;
  SampleAxis times;
  std::string doubt;  ///< of its bounds
};

/// Position on a line of time that is the same for all files of one calendar.
double seconds_of(Calendar calendar, const Date& d) {
  return 86400.0 * static_cast<double>(day_number(calendar, d.year, d.month, d.day)) + d.second;
}

/// A series has bounds at all steps or at none.
void agree_on_bounds(std::vector<Source>& sources, const std::string& label) {
  const Source *doubtful = nullptr, *with = nullptr, *without = nullptr;
  for (const Source& source : sources) {
    if (source.times.samples.empty()) continue;
    if (!source.doubt.empty() && !doubtful) doubtful = &source;
    (source.times.has_intervals() ? with : without) = &source;
  }
  if (!without) return;
  if (doubtful)
    log::warn("{}", doubtful->doubt);
  else if (with)
    log::warn("{} files: {} has time bounds, {} has none: they are left out of the series", label, with->path,
              without->path);
  for (Source& source : sources) source.times.drop_intervals();
}

/// The working units are those that the reader asks for, else those of the first file. Temperatures
/// in two units differ by an offset; a file without units goes with files without units only.
UnitConversion conversion_of(const CfVariable& v, const CfSpec& spec, const Variable& first,
                             const std::string& path) {
  const std::string& to = first.working_units;
  if (trimmed(v.units).empty() && trimmed(to).empty()) return {};
  if (trimmed(to).empty())
    fail(ExitCode::data,
         "{}: variable '{}' is in '{}', but {} has no units; expected units on both or on neither (set them "
         "with ncatted)",
         path, v.name, v.units, spec.units ? spec.units_of : "the first file");
  return unit_conversion(v.units, to, fmt::format("{}: variable '{}'", path, v.name));
}

/// By the names of CF's standard in place of those of dimensions of the file, which others won't
/// have.
std::string cell_methods_of(const NetcdfFile& file, const CfVariable& v) {
  const auto standard = [&](const std::string& name) -> std::string {
    const auto is = [&](int dim, const std::string& coordinate) {
      return name == coordinate || (dim >= 0 && name == v.info.dims[dim]);
    };
    if (is(v.time, v.time_name)) return "time";
    if (v.horizontal != Horizontal::axes) return name;
    return is(v.y, v.y_name) ? "latitude" : is(v.x, v.x_name) ? "longitude" : name;
  };
  std::istringstream words(file.text(v.name, "cell_methods").value_or(""));
  std::string text, word;
  for (bool comment = false; words >> word;) {
    comment = comment || word[0] == '(';
    if (!comment && word.back() == ':') word = standard(word.substr(0, word.size() - 1)) + ":";
    if (word.back() == ')') comment = false;
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

Variable variable_of(const NetcdfFile& file, const CfVariable& v, const CfSpec& spec) {
  const auto text = [&](const char* name) { return file.text(v.name, name).value_or(""); };
  return {v.name,
          v.units,
          spec.units.value_or(v.units),
          text("standard_name"),
          text("long_name"),
          cell_methods_of(file, v),
          spec.plausible};
}

/// Sorts the steps of all files; refuses a time that occurs twice.
void join(const std::vector<Source>& sources, Survey& survey) {
  struct Entry {
    double seconds;
    FileStep step;
  };
  std::vector<Entry> entries;
  bool same_units = true;
  for (std::size_t f = 0; f < sources.size(); ++f) {
    const SampleAxis &axis = sources[f].times, &reference = sources[0].times;
    if (axis.calendar != reference.calendar)
      fail(ExitCode::data, "{}: calendar '{}', but {} has '{}'; expected one calendar in a series",
           sources[f].path, calendar_name(axis.calendar), sources[0].path, calendar_name(reference.calendar));
    same_units = same_units && axis.units == reference.units;
    for (std::size_t t = 0; t < axis.size(); ++t)
      entries.push_back(
          {seconds_of(axis.calendar, axis[t].date), {static_cast<long>(f), static_cast<long>(t)}});
  }
  if (entries.empty())
    fail(ExitCode::data,
         "{}: there is no time at all (the time axis has length 0); expected at least one step",
         sources[0].path);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.seconds < b.seconds; });
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto [file, index] = entries[i].step;
    const Source& source = sources[file];
    const Sample& sample = source.times[index];
    if (i > 0 && !(entries[i].seconds > entries[i - 1].seconds)) {
      const auto [other, at] = entries[i - 1].step;
      fail(ExitCode::data, "{}: time {} (step {}) occurs in {} (step {}), too; expected every time once",
           source.path, date_text(sample.date), index + 1, sources[other].path, at + 1);
    }
    survey.steps.push_back({file, index});
    survey.times.samples.push_back(sample);
  }
  survey.times.calendar = sources[0].times.calendar;
  survey.times.units = sources[0].times.units;
  if (same_units) return;
  // Files that each count from their own date: count all from the first.
  const Calendar calendar = survey.times.calendar;
  Date origin = survey.times[0].date;
  origin.second = 0;
  survey.times.units =
      fmt::format("days since {:04d}-{:02d}-{:02d} 00:00:00", origin.year, origin.month, origin.day);
  const auto days = [&](double seconds) { return (seconds - seconds_of(calendar, origin)) / 86400; };
  std::vector<TimeUnits> units;
  for (const Source& source : sources)
    units.emplace_back(source.times.units, calendar_name(calendar), source.path);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Sample& sample = survey.times.samples[i];
    sample.time = days(entries[i].seconds);
    if (!sample.interval) continue;
    const TimeUnits& of_file = units[entries[i].step.file];
    for (double* end : {&sample.interval->begin, &sample.interval->end})
      *end = days(seconds_of(calendar, *of_file.date(*end)));
  }
}

/// What the steps stand for: a stamp of the namelist before bounds before cell_methods.
void give_meaning(const CfSpec& spec, Survey& survey) {
  SampleAxis& times = survey.times;
  times.stamp = spec.stamp;
  if (spec.stamp != Stamp::automatic)
    times.drop_intervals();
  else if (is_instant(survey.variable.cell_methods))
    times.stamp = Stamp::point;
  if (const std::string assumed = understand(times); !assumed.empty())
    log::warn("{} files: {} has no time bounds: {} (data.{}_stamps says otherwise)", spec.label,
              survey.variable.name, assumed, spec.label == "LR" ? "lr" : "hr");
}

Chunks chunks_of(const NetcdfFile& file, const CfVariable& v, long nx) {
  const std::vector<std::size_t> stored = file.chunks(v.name);
  const auto along = [&](int dim) { return static_cast<long>(std::max<std::size_t>(1, stored[dim])); };
  return stored.empty() ? Chunks{1, 1, nx} : Chunks{along(v.time), along(v.y), along(v.x)};
}

/// Rank 0 only: opens every file once, alone.
Survey look(const CfSpec& spec) {
  const Communicator alone = Communicator::self();
  Survey survey;
  std::string variable = spec.variable;
  std::vector<Source> sources;
  FileMesh found;  // of the last file, whose coordinates most files of a series have to the byte
  std::uint64_t last_coordinates = 0;
  idx_t shift = 0;  // column of its mesh that is the first of the series
  bool warned = false, texts = false;
  for (const std::string& path : expand(spec)) {
    const NetcdfFile file = NetcdfFile::open(alone, path);
    if (variable.empty()) variable = only_cf_variable(file);
    if (spec.skip_others && !file.has_variable(variable)) continue;
    const CfVariable v = cf_variable(file, variable, true, spec.further);
    Source source{path, {}, {}};
    source.times = read_samples(file, v.time_name, source.doubt);
    sources.push_back(std::move(source));
    if (v.packing.inverted_range && !std::exchange(warned, true))
      log::warn("{}: the valid range of '{}' is inverted (minimum above maximum): it is ignored", path,
                v.name);
    const std::uint64_t coordinates = coordinates_checksum(file, v);
    const bool known = sources.size() > 1 && coordinates == last_coordinates;
    if (!known) found = file_mesh(file, v);
    last_coordinates = coordinates;
    if (sources.size() == 1) {
      survey.variable = variable_of(file, v, spec);
      if (v.further >= 0) survey.elements = static_cast<long>(v.info.shape[v.further]);
      shift = column_shift(found.mesh, spec.mesh).value_or(0);
      survey.mesh = shift == 0 ? found.mesh : spec.mesh;
      for (const std::string& note : found.notes) log::warn("{}: {}", path, note);
    } else if (!known) {
      const auto turned = column_shift(found.mesh, survey.mesh);
      if (!turned)
        fail(ExitCode::data, "{}: its mesh differs from that of {}: {}; expected files on one mesh", path,
             sources[0].path, mesh_difference(found.mesh, survey.mesh).value_or("the columns differ"));
      shift = *turned;
    }
    survey.stored.push_back({found.flip_y, found.flip_x, found.turn + shift, found.file_nx,
                             chunks_of(file, v, found.file_nx),
                             conversion_of(v, spec, survey.variable, path)});
    const StoredFile& stored = survey.stored.back();
    require_sensible_limits(
        file, {v, stored.flip_y, stored.flip_x, found.turn, stored.nx, stored.conversion, stored.chunks},
        found.mesh);
    if (v.packing.from_text && !std::exchange(texts, true))
      log::warn("{}: the packing of '{}' is text: it is taken for the numbers that it spells", path, v.name);
  }
  if (sources.empty())
    fail(ExitCode::data,
         "{} files: none of the {} holds the variable '{}', not even {}; expected one that does", spec.label,
         expand(spec).size(), variable, expand(spec).front());
  agree_on_bounds(sources, spec.label);
  join(sources, survey);
  give_meaning(spec, survey);

  // Files in order of time: the first one names the series, and steps of neighbouring files follow
  // each other.
  std::vector<std::size_t> order(sources.size()), position(sources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto key = [&](std::size_t f) {
      const SampleAxis& times = sources[f].times;
      return times.samples.empty() ? HUGE_VAL : seconds_of(times.calendar, times[0].date);
    };
    return key(a) < key(b);
  });
  std::vector<StoredFile> stored;
  for (std::size_t i = 0; i < order.size(); ++i) {
    position[order[i]] = i;
    survey.files.push_back(sources[order[i]].path);
    stored.push_back(survey.stored[order[i]]);
  }
  survey.stored = std::move(stored);
  for (FileStep& step : survey.steps) step.file = static_cast<long>(position[step.file]);
  return survey;
}

}  // namespace

Survey survey_files(const Communicator& comm, const CfSpec& spec) {
  Survey survey;
  comm.agree([&] {
    if (!comm.is_root()) return;
    on_this_rank([&] { survey = look(spec); });
  });
  broadcast_survey(comm, survey);
  return survey;
}

}  // namespace podscale
