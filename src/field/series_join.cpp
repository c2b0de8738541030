#include "series_join.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"

namespace podscale {
namespace {

/// Whether all dates are Gregorian: standard and proleptic_gregorian are then names of one
/// calendar.
bool is_gregorian(const SampleAxis& axis) {
  const auto late = [](const Date& d) {
    return std::tuple(d.year, d.month, d.day) >= std::tuple(1582, 10, 15);
  };
  return (axis.calendar == Calendar::standard || axis.calendar == Calendar::proleptic_gregorian) &&
         std::all_of(axis.samples.begin(), axis.samples.end(),
                     [&](const Sample& s) { return late(s.date) && (!s.reference || late(*s.reference)); });
}

/// Files of one series have one calendar, or two names of it.
void require_one_calendar(const SourceFile& source, const SourceFile& first) {
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

}  // namespace

double seconds_of(Calendar calendar, const Date& d) {
  return 86400.0 * static_cast<double>(day_number(calendar, d.year, d.month, d.day)) + d.second;
}

void agree_on_bounds(std::vector<SourceFile>& sources, const std::string& label) {
  const SourceFile *doubtful = nullptr, *with = nullptr, *without = nullptr;
  for (const SourceFile& source : sources) {
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
  for (SourceFile& source : sources) source.times.drop_intervals();
}

void join(const std::vector<SourceFile>& sources, const CfSpec& spec, Survey& survey) {
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
    // The reference date of the units may be one that the two names of a calendar count
    // differently.
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
    const SourceFile& source = sources[entries[i].file];
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
  for (const SourceFile& source : sources)
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

}  // namespace podscale
