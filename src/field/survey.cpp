#include "survey.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "cf_variable.hpp"
#include "coordinates.hpp"
#include "ensemble_axes.hpp"
#include "limits_check.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/strands.hpp"
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
  for (const std::string& pattern : spec.files)
    for (const std::string& path : files_matching(pattern, spec.label + " files")) add(path);
  if (files.empty()) fail(ExitCode::usage, "{} files: the list is empty; name at least one file", spec.label);
  return files;
}

struct Source {
  std::string path;
  SampleAxis times;
  std::vector<FileSamples::Place> places;  ///< of the times
  std::string doubt;                       ///< of its bounds
};

/// Those of its samples that the reader asks for. number: of the file in the list, from 1.
void select(const CfSpec& spec, const CfVariable& v, long number, Source& source) {
  if (spec.member_files) {
    if (v.realization >= 0 && v.info.shape[v.realization] > 1)
      fail(ExitCode::data,
           "{}: variable '{}' has {} elements along '{}', but each file is one realization "
           "({}); expected one of the two",
           source.path, v.name, v.info.shape[v.realization], v.info.dims[v.realization],
           "data.lr_members = 'files'");
    for (Sample& s : source.times.samples) s.realization = number;
  }
  std::vector<Sample> samples;
  std::vector<FileSamples::Place> places;
  for (std::size_t t = 0; t < source.times.size(); ++t) {
    const Sample& s = source.times[t];
    if (!spec.realizations.empty() && std::find(spec.realizations.begin(), spec.realizations.end(),
                                                s.realization) == spec.realizations.end())
      continue;
    if (spec.leads.size() == 2) {
      const auto lead = lead_days(source.times.calendar, s);
      if (!lead)
        fail(ExitCode::data,
             "{}: variable '{}' has no reference time, so no lead; expected one for leads of "
             "{} to {} days (data.lr_leads)",
             source.path, v.name, spec.leads[0], spec.leads[1]);
      if (*lead < spec.leads[0] - 1e-6 || *lead > spec.leads[1] + 1e-6) continue;
    }
    samples.push_back(s), places.push_back(source.places[t]);
  }
  source.times.samples = std::move(samples);
  source.places = std::move(places);
}

/// Position on a line of time that is the same for all files of one calendar.
double seconds_of(Calendar calendar, const Date& d) {
  return 86400.0 * static_cast<double>(day_number(calendar, d.year, d.month, d.day)) + d.second;
}

/// Whether all dates are Gregorian: standard and proleptic_gregorian are then names of one calendar.
bool is_gregorian(const SampleAxis& axis) {
  const auto late = [](const Date& d) {
    return std::tuple(d.year, d.month, d.day) >= std::tuple(1582, 10, 15);
  };
  return (axis.calendar == Calendar::standard || axis.calendar == Calendar::proleptic_gregorian) &&
         std::all_of(axis.samples.begin(), axis.samples.end(),
                     [&](const Sample& s) { return late(s.date) && (!s.reference || late(*s.reference)); });
}

/// Files of one series have one calendar, or two names of it.
void require_one_calendar(const Source& source, const Source& first) {
  const Calendar calendar = source.times.calendar, expected = first.times.calendar;
  if (calendar == expected || (is_gregorian(source.times) && is_gregorian(first.times))) return;
  const bool by_days = calendar != Calendar::day360 && expected != Calendar::day360;
  fail(
      ExitCode::data,
      "{}: calendar '{}', but {} has '{}'; expected one calendar in a series: give files, or realizations, of "
      "one calendar at a time{}",
      source.path, calendar_name(calendar), first.path, calendar_name(expected),
      by_days ? fmt::format(", or change it first, as in 'cdo setcalendar,{} in.nc out.nc'",
                            calendar_name(expected))
              : "");
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

/// Sorts the steps of all files, strand by strand; refuses a time that occurs twice in one.
void join(const std::vector<Source>& sources, const CfSpec& spec, Survey& survey) {
  struct Entry {
    long realization;
    double run, seconds;
    FileStep step;     // in its file
    long file, index;  // among the sources
  };
  std::vector<Entry> entries;
  bool same_units = true;
  for (std::size_t f = 0; f < sources.size(); ++f) {
    const SampleAxis &axis = sources[f].times, &reference = sources[0].times;
    require_one_calendar(sources[f], sources[0]);
    // The reference date of the units may be one that the two names of a calendar count differently.
    same_units = same_units && axis.units == reference.units && axis.calendar == reference.calendar;
    for (std::size_t t = 0; t < axis.size(); ++t) {
      const Sample& s = axis[t];
      const FileSamples::Place& at = sources[f].places[t];
      const long file = static_cast<long>(f);
      entries.push_back({s.realization,
                         s.reference ? seconds_of(reference.calendar, *s.reference) : -HUGE_VAL,
                         seconds_of(reference.calendar, s.date),
                         {file, at.step, at.run, at.realization},
                         file,
                         static_cast<long>(t)});
    }
  }
  if (entries.empty() && (!spec.realizations.empty() || !spec.leads.empty()))
    fail(ExitCode::data,
         "{} files: no sample of the realizations {} and leads {} that were asked for (data.lr_realization, "
         "data.lr_leads and the like) in {} ...; expected some",
         spec.label, spec.realizations, spec.leads, sources[0].path);
  if (entries.empty())
    fail(ExitCode::data,
         "{}: there is no time at all (the time axis has length 0); expected at least one step",
         sources[0].path);
  const auto sort = [&](bool by_run) {
    std::stable_sort(entries.begin(), entries.end(), [by_run](const Entry& a, const Entry& b) {
      return std::tuple(a.realization, by_run ? a.run : 0, a.seconds) <
             std::tuple(b.realization, by_run ? b.run : 0, b.seconds);
    });
  };
  const auto meet = [&](std::size_t i) {
    return i > 0 && entries[i].realization == entries[i - 1].realization &&
           entries[i].seconds == entries[i - 1].seconds;
  };
  sort(false);
  bool overlap = false;
  for (std::size_t i = 0; i < entries.size(); ++i) overlap = overlap || meet(i);
  if (overlap) sort(true);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Source& source = sources[entries[i].file];
    const Sample& sample = source.times[entries[i].index];
    if (meet(i) && entries[i].run == entries[i - 1].run) {
      const long other = entries[i - 1].file, at = entries[i - 1].step.index;
      fail(
          ExitCode::data, "{}: time {} (step {}) occurs in {} (step {}), too; expected every time once{}",
          source.path, date_text(sample.date), entries[i].step.index + 1, sources[other].path, at + 1,
          spec.several && other != entries[i].file
              ? ", or realizations and reference times that tell them apart (data.lr_members = 'files' where "
                "each file is a member)"
              : "");
    }
    survey.steps.push_back(entries[i].step);
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
    units.emplace_back(source.times.units, calendar_name(source.times.calendar), source.path);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Sample& sample = survey.times.samples[i];
    sample.time = days(entries[i].seconds);
    if (!sample.interval) continue;
    const TimeUnits& of_file = units[entries[i].file];
    for (double* end : {&sample.interval->begin, &sample.interval->end})
      *end = days(seconds_of(calendar, *of_file.date(*end)));
  }
}

/// Refuses several series where one is needed. along: the dimension that tells them apart, "" = none.
void require_one_series(const CfSpec& spec, const Survey& survey, const std::string& along) {
  if (spec.several) return;
  const auto strands = strands_of(survey.times, survey.files.empty() ? spec.label : survey.files[0]);
  if (strands.size() < 2) return;
  const auto text = [](const Strand& strand) {
    return strand_text(strand).empty() ? "realization 0" : strand_text(strand);
  };
  const std::string in_files =
      along.empty() ? "give files of one" : fmt::format("as in 'ncks -d {},0 in.nc out.nc'", along);
  fail(
      ExitCode::data, "{} files: '{}' holds {} series, {} and {}{}; expected one: {}", spec.label,
      survey.variable.name, strands.size(), text(strands[0]), text(strands[1]),
      strands.size() > 2 ? " ..." : "",
      spec.label.ends_with("LR")
          ? "choose it with data.lr_realization or, of forecasts, with a lead (data.lr_leads) that every valid "
            "time has once, or select it in the files, " +
                in_files
          : "select it in the files first, " + in_files);
}

/// What the steps stand for: a stamp of the namelist before bounds before cell_methods.
void give_meaning(const CfSpec& spec, Survey& survey) {
  SampleAxis& times = survey.times;
  times.stamp = spec.stamp;
  if (spec.stamp != Stamp::automatic)
    times.drop_intervals();
  else if (is_instant(survey.variable.cell_methods))
    times.stamp = Stamp::point;
  if (const std::string assumed = understand_strands(times); !assumed.empty())
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
  const Stage stage(StageId::read);
  const Communicator alone = Communicator::self();
  Survey survey;
  std::string variable = spec.variable;
  std::vector<Source> sources;
  FileMesh found;  // of the last file, whose coordinates most files of a series have to the byte
  std::uint64_t last_coordinates = 0;
  idx_t shift = 0;  // column of its mesh that is the first of the series
  bool warned = false, texts = false;
  std::string along;  // of realizations, or of runs
  const std::vector<std::string> paths = expand(spec);
  LimitsSample limits(paths.size(), spec.missing);
  for (const std::string& path : paths) {
    stop_here();
    const NetcdfFile file = NetcdfFile::open(alone, path);
    if (variable.empty()) variable = only_cf_variable(file);
    if (spec.skip_others && !file.has_variable(variable)) continue;
    const CfVariable v = cf_variable(file, variable, true, spec.further);
    Source source{path, {}, {}, {}};
    FileSamples samples = read_file_samples(file, v, source.doubt);
    source.times = std::move(samples.times);
    source.places = std::move(samples.places);
    select(spec, v, std::ssize(sources) + 1, source);
    sources.push_back(std::move(source));
    if (const int dim = v.realization >= 0 ? v.realization : v.reference; along.empty() && dim >= 0)
      along = v.info.dims[static_cast<std::size_t>(dim)];
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
    const FileLayout layout{v,         stored.flip_y,     stored.flip_x, found.turn,
                            stored.nx, stored.conversion, stored.chunks};
    require_sensible_limits(file, layout, found.mesh);
    limits.look(file, layout, found.mesh);
    if (v.packing.from_text && !std::exchange(texts, true))
      log::warn("{}: the packing of '{}' is text: it is taken for the numbers that it spells", path, v.name);
  }
  if (sources.empty())
    fail(ExitCode::data,
         "{} files: none of the {} holds the variable '{}', not even {}; expected one that does", spec.label,
         expand(spec).size(), variable, expand(spec).front());
  limits.say();
  agree_on_bounds(sources, spec.label);
  join(sources, spec, survey);
  require_one_series(spec, survey, along);
  give_meaning(spec, survey);

  // Files in order of time: the first one names the series, and steps of neighbouring files follow
  // each other.
  std::vector<std::size_t> order(sources.size()), position(sources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto key = [&](std::size_t f) {
      const SampleAxis& times = sources[f].times;
      return times.samples.empty() ? HUGE_VAL : seconds_of(survey.times.calendar, times[0].date);
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
