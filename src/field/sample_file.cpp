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

namespace podscale {
namespace {

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

/// Times as they are stored. An integer that is packed over the whole range of its type may be that
/// type's fill value, and a time coordinate has none: it counts as missing only where an attribute
/// says so.
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

/// Collective on the file. Puts the bounds into the samples; returns what is wrong with them, "" if
/// nothing is.
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

SampleAxis read_samples(const NetcdfFile& file) {
  std::string doubt;
  SampleAxis axis = same_on_all_ranks([&] { return read_samples(file, "time", doubt); });
  if (!doubt.empty()) log::warn("{}", doubt);
  understand(axis);
  return axis;
}

void define_samples(NetcdfFile& file, const SampleAxis& axis, std::size_t chunk) {
  file.define_dimension("time", axis.size(), true);
  file.define_variable("time", NC_DOUBLE, {"time"}, {{chunk}, 0, {}});
  file.put_text("time", "standard_name", "time");
  file.put_text("time", "long_name", "time");
  file.put_text("time", "units", axis.units);
  file.put_text("time", "calendar", calendar_name(axis.calendar));
  file.put_text("time", "axis", "T");
  if (!axis.has_intervals()) return;
  file.put_text("time", "bounds", "time_bnds");
  if (!file.dimension("bnds")) file.define_dimension("bnds", 2);
  file.define_variable("time_bnds", NC_DOUBLE, {"time", "bnds"}, {{chunk, 2}, 0, {}});
}

void write_samples(const Communicator& comm, NetcdfFile& file, const SampleAxis& axis) {
  std::vector<double> times = axis.values(), bounds;
  if (!comm.is_root()) times.clear();
  file.put("time", {0}, {times.size()}, std::span<const double>(times));
  if (!axis.has_intervals()) return;
  if (comm.is_root())
    for (const Sample& s : axis.samples) bounds.insert(bounds.end(), {s.interval->begin, s.interval->end});
  file.put("time_bnds", {0, 0}, {times.size(), bounds.empty() ? 0u : 2u}, std::span<const double>(bounds));
}

}  // namespace podscale
