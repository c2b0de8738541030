#include "survey.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>
#include <sstream>
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
#include "series_join.hpp"

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

/// Those of its samples that the reader asks for. number: of the file in the list, from 1.
void select(const CfSpec& spec, const CfVariable& v, long number, SourceFile& source) {
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

/// The working units are those that the reader asks for, else those of the first file.
/// Temperatures in two units differ by an offset; a file without units goes with files without
/// units only.
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
  std::vector<SourceFile> sources;
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
    SourceFile source{path, {}, {}, {}};
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
