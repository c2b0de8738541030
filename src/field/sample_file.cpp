#include "podscale/field/sample_file.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "coordinate_kind.hpp"
#include "coordinates.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/intervals.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/strands.hpp"
#include "refusal.hpp"

namespace podscale {
namespace {

constexpr const char *kReference = "forecast_reference_time", *kLead = "forecast_period",
                     *kRealization = "realization";

/// Half the distance of stored times, in their units, where the type is coarser than they are:
/// float32, also behind float64 that was copied from it, and packed integers.
double resolution_of(const NetcdfFile& file, const std::string& name, const std::vector<double>& values) {
  const auto scale = file.numbers(name, "scale_factor");
  const nc_type type = file.variable(name).type;
  if (type != NC_FLOAT && type != NC_DOUBLE) return scale ? 0.51 * std::abs(scale->front()) : 0;
  double largest = 0;
  bool single = true;
  for (const double value : values) {
    largest = std::max(largest, std::abs(value));
    single = single && static_cast<double>(static_cast<float>(value)) == value;
  }
  const double resolution = largest * std::numeric_limits<float>::epsilon();
  return type == NC_FLOAT || (single && !scale) ? resolution : 0;
}

/// Times as they are stored. An integer that is packed over the whole range of its type may be
/// that type's fill value, and a time coordinate has none: it counts as missing only where an
/// attribute says so.
std::vector<double> times_of(const NetcdfFile& file, const std::string& name, const std::string& of = "") {
  std::vector<double> values = values_of(file, name, of);
  const auto scale = file.numbers(name, "scale_factor");
  if (!scale || file.numbers(name, "_FillValue") || file.variable(name).type == NC_DOUBLE) return values;
  const std::vector<double> raw = file.get_all(name);
  const double offset = file.numbers(name, "add_offset").value_or(std::vector<double>{0}).front();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isnan(values[i])) values[i] = raw[i] * scale->front() + offset;
  return values;
}

/// Collective on the file. Puts the bounds into the samples; returns what is wrong with them, ""
/// if nothing is.
std::string take_bounds(const NetcdfFile& file, const std::string& time, const std::string& bounds,
                        SampleAxis& axis) {
  if (!file.has_variable(bounds)) return "the file does not hold them";
  const VariableInfo info = file.variable(bounds);
  const std::vector<std::string> of = file.variable(time).dims;
  if (holds_text(info)) return "they are text; expected numbers";
  if (of.size() != 1 || info.dims.size() != 2 || info.dims[0] != of[0] || info.shape[1] != 2) {
    std::string shape;
    for (std::size_t d = 0; d < info.dims.size(); ++d)
      shape += fmt::format("{}{} = {}", d ? ", " : "", info.dims[d], info.shape[d]);
    return fmt::format("they have dimensions ({}); expected ({} = {}, 2)", shape, fmt::join(of, ", "),
                       axis.size());
  }
  for (const char* name : {"units", "calendar"}) {
    const auto own = file.text(bounds, name), main = file.text(time, name);
    if (own && main && *own != *main)
      return fmt::format("their {} are '{}', but those of '{}' '{}'; expected the same", name, *own, time,
                         *main);
  }
  const std::string units = file.text(time, "units").value_or(""), calendar = calendar_name(axis.calendar);
  const TimeUnits meaning(units, calendar, file.path());
  const std::vector<double> stored = times_of(file, bounds, time);
  for (std::size_t t = 0; t < axis.size(); ++t)
    if (!meaning.date(stored[2 * t]) || !meaning.date(stored[2 * t + 1]))
      return fmt::format("step {} at {} has {} to {}, which are missing or no times", t + 1, axis[t].time,
                         stored[2 * t], stored[2 * t + 1]);
  const std::vector<double> values =
      decode_times(stored, units, calendar, file.path(), resolution_of(file, bounds, stored)).values();
  for (std::size_t t = 0; t < axis.size(); ++t) {
    Sample& s = axis.samples[t];
    const TimeSpan found{values[2 * t], values[2 * t + 1]};
    const auto wrong = [&](const std::string& what) {
      return fmt::format("step {} at {} has {} to {}, {}", t + 1, s.time, found.begin, found.end, what);
    };
    if (found.begin > found.end) return wrong("which decrease; expected the earlier first");
    // Times are often computed as the middle of their bounds, or stored as float32.
    const double rounding = std::abs(s.time) * std::numeric_limits<float>::epsilon();
    if (!(found.begin - rounding <= s.time && s.time <= found.end + rounding))
      return wrong("which do not contain it");
    if (t > 0 && axis[t - 1].time < s.time)
      if (const TimeSpan& last = *axis[t - 1].interval; found.begin < last.begin || found.end < last.end)
        return wrong(fmt::format("before the {} to {} of the step before; expected that they increase",
                                 last.begin, last.end));
    s.interval = found;
  }
  return "";
}

/// Seconds beyond 2^31 that an int32 held turn up 2^32 s, 136 years, too early. Refuses those that
/// jump back within a file; those that all do are told from true ones by the reader alone.
void watch_overflow(const NetcdfFile& file, const std::string& time, const std::string& where,
                    const std::vector<double>& values, const SampleAxis& axis) {
  constexpr double kWrap = 4294967296.0;
  if (file.variable(time).type != NC_INT || file.numbers(time, "scale_factor") || values.empty()) return;
  const std::string cure = fmt::format(
      "add what is lost, as in 'ncap2 -s \"{0}=double({0});where({0}<0) {0}+=4294967296.0\" in.nc out.nc'",
      time);
  for (std::size_t t = 1; t < values.size(); ++t)
    if (values[t - 1] - values[t] > kWrap / 2)
      refuse(where, ": {:.0f} at step {} follows {:.0f}: int32 overflowed; expected times that increase: {}",
             values[t], t + 1, values[t - 1], cure);
  const std::string units = file.text(time, "units").value_or("");
  const TimeUnits meaning(units, calendar_name(axis.calendar), where);
  if (meaning.seconds() != 1 || *std::max_element(values.begin(), values.end()) >= 0) return;
  log::warn(
      "{}: all its times lie before the reference date of '{}', the first at {}: if int32 overflowed, it is {}; then {}",
      where, units, date_text(axis[0].date), date_text(*meaning.date(values[0] + kWrap)), cure);
}

}  // namespace

SampleAxis read_samples(const NetcdfFile& file, const std::string& time, std::string& doubt) {
  const auto text = [&](const char* name) { return file.text(time, name).value_or(""); };
  const std::string where = fmt::format("{}: time '{}'", file.path(), time);
  if (const std::string climatology = text("climatology"); !climatology.empty())
    fail(
        ExitCode::data,
        "{} is a climatology (its attribute 'climatology' is '{}'): a step stands for many years; expected a "
        "series of single times; 'ncatted -a climatology,{},d,,' takes each step for one",
        where, climatology, time);
  const std::vector<double> values = times_of(file, time);
  SampleAxis axis =
      decode_times(values, text("units"), text("calendar"), where, resolution_of(file, time, values));
  watch_overflow(file, time, where, values, axis);
  const std::string bounds = text("bounds");
  if (bounds.empty()) return axis;
  const std::string wrong = take_bounds(file, time, bounds, axis);
  if (wrong.empty()) return axis;
  axis.drop_intervals();
  doubt = fmt::format(
      "{} has wrong bounds '{}': {}; they are left out ('ncatted -a bounds,{},d,,' does so for good)", where,
      bounds, wrong, time);
  return axis;
}

namespace {

/// Collective on the file. What define_samples() wrote beside time.
void take_further(const NetcdfFile& file, SampleAxis& axis) {
  const auto of = [&](const std::vector<double>& values, std::size_t t) {
    return values[values.size() == 1 ? 0 : t];
  };
  const auto fits = [&](const char* name) {
    return file.has_variable(name) &&
           (file.variable(name).dims.empty() || file.variable(name).dims == std::vector<std::string>{"time"});
  };
  if (fits(kReference)) {
    const std::vector<double> values = values_of(file, kReference);
    const TimeUnits units(axis.units, calendar_name(axis.calendar), file.path());
    for (std::size_t t = 0; t < axis.size(); ++t) axis.samples[t].reference = units.date(of(values, t));
  }
  if (fits(kRealization)) {
    const std::vector<double> values = values_of(file, kRealization);
    for (std::size_t t = 0; t < axis.size(); ++t) axis.samples[t].realization = std::lround(of(values, t));
  }
}

}  // namespace

SampleAxis read_samples(const NetcdfFile& file) {
  std::string doubt;
  SampleAxis axis = same_on_all_ranks([&] { return read_samples(file, "time", doubt); });
  if (!doubt.empty()) log::warn("{}", doubt);
  take_further(file, axis);
  understand_strands(axis);
  return axis;
}

namespace {

bool all_forecasts(const SampleAxis& axis) {
  return !axis.samples.empty() && std::all_of(axis.samples.begin(), axis.samples.end(),
                                              [](const Sample& s) { return s.reference.has_value(); });
}
bool one_reference(const SampleAxis& axis) {
  return std::all_of(axis.samples.begin(), axis.samples.end(), [&](const Sample& s) {
    return days_between(axis.calendar, *axis[0].reference, *s.reference) == 0;
  });
}
bool any_realization(const SampleAxis& axis) {
  return std::any_of(axis.samples.begin(), axis.samples.end(),
                     [](const Sample& s) { return s.realization != 0; });
}
bool one_realization(const SampleAxis& axis) {
  return std::all_of(axis.samples.begin(), axis.samples.end(),
                     [&](const Sample& s) { return s.realization == axis[0].realization; });
}

void describe_time(NetcdfFile& file, const char* name, const char* standard_name, const SampleAxis& axis) {
  file.put_text(name, "standard_name", standard_name);
  file.put_text(name, "long_name",
                standard_name == std::string("time") ? "time" : "time at which the run began");
  file.put_text(name, "units", axis.units);
  file.put_text(name, "calendar", calendar_name(axis.calendar));
}
void describe_lead(NetcdfFile& file) {
  file.put_text(kLead, "standard_name", kLead);
  file.put_text(kLead, "long_name", "time since the run began");
  file.put_text(kLead, "units", "days");
}
void describe_realization(NetcdfFile& file) {
  file.put_text(kRealization, "standard_name", kRealization);
  file.put_text(kRealization, "long_name", "realization of the low-resolution input");
  file.put_text(kRealization, "units", "1");
}

/// Of the samples, or of the first where all have the same.
template <class Of>
void put_further(const Communicator& comm, NetcdfFile& file, const char* name, std::size_t n, bool one,
                 const Of& of) {
  std::vector<double> values;
  if (one || comm.is_root())  // all ranks write a scalar
    for (std::size_t t = 0; t < (one ? 1 : n); ++t) values.push_back(of(t));
  if (one)
    file.put(name, {}, {}, std::span<const double>(values));
  else
    file.put(name, {0}, {values.size()}, std::span<const double>(values));
}

}  // namespace

std::string further_coordinates(const SampleAxis& axis) {
  std::string names;
  if (all_forecasts(axis)) names = std::string(kReference) + " " + kLead;
  if (any_realization(axis)) names += (names.empty() ? "" : " ") + std::string(kRealization);
  return names;
}

void define_samples(NetcdfFile& file, const SampleAxis& axis, std::size_t chunk) {
  file.define_dimension("time", axis.size(), true);
  file.define_variable("time", NC_DOUBLE, {"time"}, {{chunk}, 0, {}});
  file.put_text("time", "standard_name", "time");
  file.put_text("time", "long_name", "time");
  file.put_text("time", "units", axis.units);
  file.put_text("time", "calendar", calendar_name(axis.calendar));
  file.put_text("time", "axis", "T");
  const std::vector<std::string> none, along{"time"};
  const auto define = [&](const char* name, nc_type type, bool one) {
    file.define_variable(name, type, one ? none : along,
                         one ? VariableOptions{} : VariableOptions{{chunk}, 0, {}});
  };
  if (all_forecasts(axis)) {
    define(kReference, NC_DOUBLE, one_reference(axis));
    describe_time(file, kReference, kReference, axis);
    define(kLead, NC_DOUBLE, false);
    describe_lead(file);
  }
  if (any_realization(axis)) {
    define(kRealization, NC_INT, one_realization(axis));
    describe_realization(file);
  }
  if (!axis.has_intervals()) return;
  file.put_text("time", "bounds", "time_bnds");
  if (!file.dimension("bnds")) file.define_dimension("bnds", 2);
  file.define_variable("time_bnds", NC_DOUBLE, {"time", "bnds"}, {{chunk, 2}, 0, {}});
}

void write_samples(const Communicator& comm, NetcdfFile& file, const SampleAxis& axis) {
  std::vector<double> times = axis.values(), bounds;
  if (!comm.is_root()) times.clear();
  file.put("time", {0}, {times.size()}, std::span<const double>(times));
  if (all_forecasts(axis)) {
    const TimeUnits units(axis.units, calendar_name(axis.calendar), "time");
    put_further(comm, file, kReference, axis.size(), one_reference(axis),
                [&](std::size_t t) { return units.plain_value(*axis[t].reference); });
    put_further(comm, file, kLead, axis.size(), false,
                [&](std::size_t t) { return *lead_days(axis.calendar, axis[t]); });
  }
  if (any_realization(axis))
    put_further(comm, file, kRealization, axis.size(), one_realization(axis),
                [&](std::size_t t) { return static_cast<double>(axis[t].realization); });
  if (!axis.has_intervals()) return;
  if (comm.is_root())
    for (const Sample& s : axis.samples) bounds.insert(bounds.end(), {s.interval->begin, s.interval->end});
  file.put("time_bnds", {0, 0}, {times.size(), bounds.empty() ? 0u : 2u}, std::span<const double>(bounds));
}

std::vector<std::string> sample_dimensions(const SampleLayout& layout) {
  std::vector<std::string> dims{"time"};
  if (layout.has_runs()) dims = {kReference, kLead};
  if (layout.has_realizations()) dims.emplace_back(kRealization);
  return dims;
}

std::string further_coordinates(const SampleLayout& layout) {
  return layout.has_runs() ? "time" : further_coordinates(layout.times);
}

void define_samples(NetcdfFile& file, const SampleLayout& layout) {
  const SampleAxis& axis = layout.times;
  if (layout.has_runs()) {
    const std::size_t runs = layout.runs(), steps = layout.steps();
    file.define_dimension(kReference, runs);
    file.define_variable(kReference, NC_DOUBLE, {kReference});
    describe_time(file, kReference, kReference, axis);
    file.define_dimension(kLead, steps);
    file.define_variable(kLead, NC_DOUBLE, {kLead});
    describe_lead(file);
    file.define_variable("time", NC_DOUBLE, {kReference, kLead}, {{}, 0, NC_FILL_DOUBLE});
    describe_time(file, "time", "time", axis);
    if (axis.has_intervals()) {
      file.put_text("time", "bounds", "time_bnds");
      if (!file.dimension("bnds")) file.define_dimension("bnds", 2);
      file.define_variable("time_bnds", NC_DOUBLE, {kReference, kLead, "bnds"}, {{}, 0, NC_FILL_DOUBLE});
    }
  } else {
    define_samples(file, axis);
  }
  if (!layout.has_realizations()) return;
  file.define_dimension(kRealization, layout.members());
  file.define_variable(kRealization, NC_INT, {kRealization});
  describe_realization(file);
}

void write_samples(const Communicator& comm, NetcdfFile& file, const SampleLayout& layout) {
  const SampleAxis& axis = layout.times;
  const auto put = [&](const std::string& name, std::vector<std::size_t> count, std::vector<double> values) {
    if (!comm.is_root()) values.clear(), std::fill(count.begin(), count.end(), std::size_t{0});
    file.put(name, std::vector<std::size_t>(count.size(), 0), count, std::span<const double>(values));
  };
  if (layout.has_runs()) {
    const TimeUnits units(axis.units, calendar_name(axis.calendar), "time");
    const std::size_t runs = layout.runs(), steps = layout.steps();
    std::vector<double> begins, valid(runs * steps, NC_FILL_DOUBLE), bounds(2 * runs * steps, NC_FILL_DOUBLE);
    for (const Date& date : layout.references) begins.push_back(units.plain_value(date));
    for (std::size_t t = 0; t < axis.size(); ++t) {
      const std::size_t at = layout.cells_of_times[t].run * steps + layout.cells_of_times[t].step;
      valid[at] = axis[t].time;
      if (axis.has_intervals())
        bounds[2 * at] = axis[t].interval->begin, bounds[2 * at + 1] = axis[t].interval->end;
    }
    put(kReference, {runs}, begins);
    put(kLead, {steps}, layout.leads);
    put("time", {runs, steps}, valid);
    if (axis.has_intervals()) put("time_bnds", {runs, steps, 2}, bounds);
  } else {
    write_samples(comm, file, axis);
  }
  if (!layout.has_realizations()) return;
  put(kRealization, {layout.members()}, {layout.realizations.begin(), layout.realizations.end()});
}

}  // namespace podscale
