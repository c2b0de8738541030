#include "ensemble_axes.hpp"

#include <algorithm>
#include <cmath>

#include "coordinate_kind.hpp"
#include "coordinates.hpp"
#include "named_coordinates.hpp"
#include "podscale/core/text.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/sample_file.hpp"
#include "refusal.hpp"

namespace podscale {
namespace {

bool is_one_of(const std::string& text, std::initializer_list<const char*> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool names_realization(const std::string& plain) {
  return is_one_of(plain, {"realization", "realisation", "member", "members", "ensemble", "ens", "number",
                           "ensemblemember", "ensmember", "realizationindex", "memberid"});
}
bool names_reference(const std::string& plain) {
  return is_one_of(plain, {"forecastreferencetime", "reftime", "referencetime", "run", "runtime", "init",
                           "inittime", "initialtime", "initialization", "analysistime", "basetime", "start",
                           "starttime", "startdate", "forecastreference"});
}
bool names_lead(const std::string& plain) {
  return is_one_of(plain, {"forecastperiod", "leadtime", "lead", "step", "forecasthour", "forecasttime",
                           "fcsthour", "leads"});
}

bool is_duration(const std::string& units) {
  if (trimmed(units).empty() || has_reference_date(units)) return false;
  try {
    const UnitConversion seconds = unit_conversion(units, "s", "");
    return seconds.offset == 0 && seconds.scale > 0;
  } catch (const Error&) {  // another kind of unit, or none that is known
    return false;
  }
}

/// Of a dimension: that of its namesake, else of any coordinate along it, else by its name.
struct RoleOfDim {
  ForecastRole role = ForecastRole::none;
  std::string name;      // of the coordinate, "" = none
  std::string ordinary;  // a coordinate of valid time along it, "" = none
};
RoleOfDim role_of_dim(const NetcdfFile& file, const std::string& dim) {
  RoleOfDim found;
  for (const std::string& name : coordinates_along(file, dim)) {
    const ForecastRole role = forecast_role(file, name);
    if (role == ForecastRole::none) {
      if (found.ordinary.empty() && axis_of(file, name).axis == Axis::time) found.ordinary = name;
    } else if (found.role == ForecastRole::none) {
      found.role = role, found.name = name;
    }
  }
  if (found.ordinary == dim) return {ForecastRole::none, "", dim};
  if (found.role == ForecastRole::none && found.ordinary.empty() && names_realization(lower_letters(dim)))
    found.role = ForecastRole::realization;
  return found;
}

/// A variable of valid times along both dimensions of the variable; "" where there is none.
std::string table_of_times(const NetcdfFile& file, const std::string& run, const std::string& step) {
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    if (info.dims != std::vector{run, step} || holds_text(info)) continue;
    if (forecast_role(file, name) == ForecastRole::none && axis_of(file, name).axis == Axis::time)
      return name;
  }
  return "";
}

/// Names of scalar coordinates of a role; those that the variable names itself come first.
std::string scalar_of(const NetcdfFile& file, const CfVariable& v, ForecastRole role) {
  const auto named = named_coordinates(file, v);
  std::string found;
  for (const std::string& name : file.variable_names()) {
    const VariableInfo info = file.variable(name);
    const bool is_named = std::find(named.begin(), named.end(), name) != named.end(),
               is_one =
                   std::all_of(info.shape.begin(), info.shape.end(), [](std::size_t n) { return n == 1; });
    if (holds_text(info) || !is_one || !(info.dims.empty() || is_named)) continue;
    if (forecast_role(file, name) != role) continue;
    if (is_named) return name;
    if (found.empty()) found = name;
  }
  return found;
}

/// Dates of a variable, all of which must be there.
SampleAxis dates_of(const NetcdfFile& file, const std::string& name) {
  std::string doubt;
  const auto text = [&](const char* a) { return file.text(name, a).value_or(""); };
  return decode_times(values_of(file, name), text("units"), text("calendar"),
                      fmt::format("{}: time '{}'", file.path(), name));
}

/// The date a lead after another one: whole calendar months where the units are months.
Date after(Calendar calendar, const Date& date, double lead, const std::string& units) {
  if (!lower_letters(units).starts_with("month"))
    return shifted(calendar, date, lead * unit_conversion(units, "s", "forecast_period").scale);
  const double whole = std::floor(lead);
  const long month = date.year * 12L + date.month - 1 + static_cast<long>(whole);
  Date later{static_cast<int>(month >= 0 ? month / 12 : (month - 11) / 12), 0, date.day, date.second};
  later.month = static_cast<int>(month - 12L * later.year) + 1;
  const int days = days_in_month(calendar, later.year, later.month);
  later.day = std::min(later.day, days);
  return shifted(calendar, later, (lead - whole) * days * 86400);
}

/// Reference times of the steps of a variable without an axis of runs.
void take_references(const NetcdfFile& file, const CfVariable& v, SampleAxis& axis) {
  const std::string& dim = v.info.dims[static_cast<std::size_t>(v.time)];
  std::string along, lead;
  for (const std::string& name : coordinates_along(file, dim)) {
    if (name == v.time_name) continue;
    const ForecastRole role = forecast_role(file, name);
    if (role == ForecastRole::reference && along.empty()) along = name;
    if (role == ForecastRole::lead && lead.empty()) lead = name;
  }
  if (along.empty()) along = scalar_of(file, v, ForecastRole::reference);
  if (!along.empty()) {
    const SampleAxis found = dates_of(file, along);
    if (found.calendar != axis.calendar)
      refuse(file.path(), ": '{}' has the calendar '{}', '{}' has '{}'; expected the same", along,
             calendar_name(found.calendar), v.time_name, calendar_name(axis.calendar));
    for (std::size_t t = 0; t < axis.size() && found.size() > 0; ++t)
      axis.samples[t].reference = found[found.size() == 1 ? 0 : t].date;
    return;
  }
  // wgrib2: an attribute of the time, in its units.
  if (const auto number = file.numbers(v.time_name, "reference_time"); number && number->size() == 1) {
    const SampleAxis found =
        decode_times(*number, file.text(v.time_name, "units").value_or(""),
                     file.text(v.time_name, "calendar").value_or(""), file.path() + ": reference_time");
    for (Sample& s : axis.samples) s.reference = found[0].date;
    return;
  }
  if (lead.empty()) lead = scalar_of(file, v, ForecastRole::lead);
  if (lead.empty()) return;
  const std::vector<double> values = values_of(file, lead);
  const double seconds = unit_conversion(file.text(lead, "units").value_or(""), "s", lead).scale;
  for (std::size_t t = 0; t < axis.size() && !values.empty(); ++t)
    if (const double value = values[values.size() == 1 ? 0 : t]; std::isfinite(value))
      axis.samples[t].reference = shifted(axis.calendar, axis[t].date, -value * seconds);
}

/// Valid times of runs along an axis, [runs][steps]; samples without one are left out.
void take_runs(const NetcdfFile& file, const CfVariable& v, FileSamples& found) {
  const auto at = [&](int dim) { return static_cast<long>(v.info.shape[static_cast<std::size_t>(dim)]); };
  const SampleAxis runs = dates_of(file, v.reference_name);
  const long steps = at(v.time);
  found.times = {runs.calendar, runs.units, {}};
  const std::string where = fmt::format("{}: variable '{}' ", file.path(), v.name);
  const TimeUnits units(runs.units, calendar_name(runs.calendar), file.path());
  std::vector<double> values, bounds, lead;
  SampleAxis shared;
  std::string doubt, lead_units;
  if (!v.valid_name.empty()) {
    values = values_of(file, v.valid_name);
    const std::string name = file.text(v.valid_name, "bounds").value_or("");
    if (!name.empty() && file.has_variable(name) &&
        file.variable(name).shape ==
            std::vector<std::size_t>{runs.size(), static_cast<std::size_t>(steps), std::size_t{2}})
      bounds = values_of(file, name, v.valid_name);
  } else if (!v.time_name.empty()) {
    shared = read_samples(file, v.time_name, doubt);
  } else {
    lead = values_of(file, v.lead_name);
    lead_units = file.text(v.lead_name, "units").value_or("");
  }
  for (long r = 0; r < static_cast<long>(runs.size()); ++r)
    for (long t = 0; t < steps; ++t) {
      Sample sample;
      sample.reference = runs[static_cast<std::size_t>(r)].date;
      if (!values.empty()) {
        const double value = values[static_cast<std::size_t>(r * steps + t)];
        if (!std::isfinite(value)) continue;
        const auto date = [&](double number) {
          return decode_times({number}, file.text(v.valid_name, "units").value_or(""),
                              file.text(v.valid_name, "calendar").value_or(calendar_name(runs.calendar)),
                              fmt::format("{}: time '{}'", file.path(), v.valid_name))[0]
              .date;
        };
        sample.date = date(value);
        const std::size_t at = static_cast<std::size_t>(2 * (r * steps + t));
        if (!bounds.empty() && std::isfinite(bounds[at]) && std::isfinite(bounds[at + 1]))
          sample.interval =
              TimeSpan{units.plain_value(date(bounds[at])), units.plain_value(date(bounds[at + 1]))};
      } else if (shared.size() > 0) {
        sample.date = shared[static_cast<std::size_t>(t)].date;
      } else {
        const double value = lead[static_cast<std::size_t>(t)];
        if (!std::isfinite(value)) refuse(where, "has a missing lead in '{}'; expected numbers", v.lead_name);
        sample.date = after(runs.calendar, *sample.reference, value, lead_units);
      }
      sample.time = units.plain_value(sample.date);
      found.times.samples.push_back(sample);
      found.places.push_back({0, r, t});
    }
}

/// Numbers along the dimension: those of its coordinate where they are different whole numbers,
/// else 1, 2, 3 ...; without a dimension the one that a scalar or the file gives, or none.
std::vector<long> realizations_of(const NetcdfFile& file, const CfVariable& v) {
  const auto whole = [](const std::vector<double>& values) {
    std::set<long> different;
    std::vector<long> numbers;
    for (const double value : values) {
      if (!(std::abs(value) < 32768) || value != std::round(value) || value < 0) return std::vector<long>{};
      numbers.push_back(std::lround(value));
      different.insert(numbers.back());
    }
    return different.size() == values.size() ? numbers : std::vector<long>{};
  };
  if (v.realization < 0) {
    if (const std::string name = scalar_of(file, v, ForecastRole::realization); !name.empty())
      if (const auto found = whole(values_of(file, name)); found.size() == 1) return found;
    for (const char* attribute : {"realization_index", "realization"})
      if (const auto number = file.numbers("", attribute); number && number->size() == 1)
        if (const auto found = whole(*number); found.size() == 1) return found;
    return {0};
  }
  const std::size_t n = v.info.shape[static_cast<std::size_t>(v.realization)];
  if (!v.realization_name.empty())
    if (const auto found = whole(values_of(file, v.realization_name)); found.size() == n) return found;
  std::vector<long> numbers;
  for (std::size_t i = 0; i < n; ++i) numbers.push_back(static_cast<long>(i) + 1);
  return numbers;
}

}  // namespace

ForecastRole forecast_role(const NetcdfFile& file, const std::string& name) {
  const std::string standard = file.text(name, "standard_name").value_or("");
  if (standard == "realization") return ForecastRole::realization;
  if (standard == "forecast_reference_time") return ForecastRole::reference;
  if (standard == "forecast_period") return ForecastRole::lead;
  if (!standard.empty()) return ForecastRole::none;
  const std::string units = file.text(name, "units").value_or(""), plain = lower_letters(name);
  if (names_realization(plain) && !has_reference_date(units) && !is_duration(units))
    return ForecastRole::realization;
  if (names_reference(plain) && has_reference_date(units)) return ForecastRole::reference;
  if (names_lead(plain) && is_duration(units)) return ForecastRole::lead;
  return ForecastRole::none;
}

std::set<std::string> find_ensemble_axes(const NetcdfFile& file, CfVariable& v) {
  std::set<std::string> skipped;
  int lead = -1, time = -1;
  std::vector<RoleOfDim> roles;
  for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d) {
    const std::string& dim = v.info.dims[static_cast<std::size_t>(d)];
    roles.push_back(d == v.further ? RoleOfDim{} : role_of_dim(file, dim));
    const RoleOfDim& role = roles.back();
    if (role.role == ForecastRole::realization && v.realization < 0)
      v.realization = d, v.realization_name = role.name;
    else if (role.role == ForecastRole::reference && role.ordinary.empty() && v.reference < 0)
      v.reference = d, v.reference_name = role.name;
    else if (role.role == ForecastRole::lead && lead < 0)
      lead = d;
    else if (!role.ordinary.empty() && time < 0)
      time = d;
    if (role.ordinary.empty()) continue;
    for (const std::string& name : coordinates_along(file, dim))
      if (forecast_role(file, name) != ForecastRole::none) skipped.insert(name);
  }
  const auto dim = [&](int d) { return v.info.dims[static_cast<std::size_t>(d)]; };
  const auto role = [&](int d) -> const RoleOfDim& { return roles[static_cast<std::size_t>(d)]; };
  // Two axes of time, one of which is a lead: the other says when the runs began.
  if (v.reference < 0 && lead >= 0 && time >= 0 && role(lead).ordinary.empty() &&
      v.info.shape[static_cast<std::size_t>(lead)] > 1)
    v.reference = time, v.reference_name = role(time).ordinary, time = -1;
  int step = lead >= 0 ? lead : time;
  if (v.reference >= 0 && step < 0)
    for (int d = 0; d < static_cast<int>(v.info.dims.size()); ++d)
      if (d != v.reference && !table_of_times(file, dim(v.reference), dim(d)).empty()) step = d;
  if (v.reference >= 0 && step < 0) {  // analyses: a run has one time
    v.reference = -1;
    v.reference_name.clear();
    return skipped;
  }
  if (step < 0 || (v.reference < 0 && lead < 0)) return skipped;
  v.time = step;
  v.time_name = role(step).ordinary;
  if (lead >= 0) v.lead_name = role(lead).name;
  if (v.reference >= 0) {
    v.valid_name = table_of_times(file, dim(v.reference), dim(step));
    for (const std::string& name : coordinates_along(file, dim(v.reference))) skipped.insert(name);
  }
  for (const std::string& name : coordinates_along(file, dim(step)))
    if (name != v.time_name) skipped.insert(name);
  return skipped;
}

FileSamples read_file_samples(const NetcdfFile& file, const CfVariable& v, std::string& doubt) {
  FileSamples along;
  if (v.reference >= 0) {
    take_runs(file, v, along);
  } else if (!v.time_name.empty()) {
    along.times = read_samples(file, v.time_name, doubt);
    take_references(file, v, along.times);
    for (long t = 0; t < static_cast<long>(along.times.size()); ++t) along.places.push_back({0, 0, t});
  } else {
    const std::string scalar = scalar_of(file, v, ForecastRole::reference);
    if (scalar.empty())
      refuse(file.path(),
             ": variable '{}' lies along the lead '{}', but nothing says when its run began; expected a "
             "coordinate forecast_reference_time, as by 'ncap2 -s \"reftime=0.0; reftime@units=...\"'",
             v.name, v.lead_name);
    const SampleAxis run = dates_of(file, scalar);
    along.times = {run.calendar, run.units, {}};
    const TimeUnits units(run.units, calendar_name(run.calendar), file.path());
    const std::vector<double> lead = values_of(file, v.lead_name);
    for (std::size_t t = 0; t < lead.size(); ++t) {
      Sample s;
      s.reference = run[0].date;
      s.date = after(run.calendar, run[0].date, lead[t], file.text(v.lead_name, "units").value_or(""));
      s.time = units.plain_value(s.date);
      along.times.samples.push_back(s);
      along.places.push_back({0, 0, static_cast<long>(t)});
    }
  }
  const std::vector<long> numbers = realizations_of(file, v);
  FileSamples all{{along.times.calendar, along.times.units, {}, along.times.stamp, along.times.step}, {}};
  for (std::size_t r = 0; r < numbers.size(); ++r)
    for (std::size_t t = 0; t < along.times.size(); ++t) {
      all.times.samples.push_back(along.times[t]);
      all.times.samples.back().realization = numbers[r];
      all.places.push_back({static_cast<long>(r), along.places[t].run, along.places[t].step});
    }
  return all;
}

}  // namespace podscale
