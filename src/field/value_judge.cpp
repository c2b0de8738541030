#include "podscale/field/value_judge.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/text.hpp"
#include "podscale/core/units.hpp"
#include "value_statistics.hpp"

namespace podscale {
namespace {

constexpr double kMostValues = 1 << 28;  // a gibibyte of them, else some of the times
constexpr double kCommon = 0.01;         // share of the values from which on a number is an ordinary one
constexpr double kNear = 0.02;           // share of the range of the values: next to them
constexpr double kFar = 5;               // a gap of so many times the range of all others
constexpr double kFarFlag = 0.3;         // the same for a number that occurs again and again
constexpr double kCelsius = 100;         // beyond it, up or down, hardly anything of air, land or sea is
constexpr double kApart = 10;            // two series: a gap of so many times the larger of their ranges

/// degC of the values of a variable -> its working units, where either is Celsius.
std::optional<UnitConversion> from_celsius(const Variable& variable) {
  const auto is_celsius = [](const std::string& units) {
    if (trimmed(units).empty()) return false;
    try {
      const UnitConversion to_kelvin = unit_conversion(units, "K", "");
      return to_kelvin.scale == 1 && std::abs(to_kelvin.offset - 273.15) < 1e-6;
    } catch (const Error&) {  // the way to hear that it is no temperature
      return false;
    }
  };
  if (is_celsius(variable.working_units)) return UnitConversion{};
  if (!is_celsius(variable.units)) return std::nullopt;
  return unit_conversion(variable.units, variable.working_units, variable.name);
}

class Judge {
 public:
  Judge(const FieldSource& source, std::vector<long> steps, Doubts doubts, bool may_be_empty)
      : source_(source), steps_(std::move(steps)), doubts_(doubts), may_be_empty_(may_be_empty) {}
  std::vector<ValueRange> run() {
    std::vector<ValueRange> ranges;
    const std::vector<ValueStatistics> channels = value_statistics(source_, steps_);
    for (channel_ = 0; channel_ < std::ssize(channels); ++channel_) {
      const ValueStatistics& s = channels[channel_];
      ranges.push_back({s.low.value, s.high.value});
      if (s.valid == 0) continue;  // whoever needs values says so
      outside(s);
      empty_times(s);
      uniform_times(s);
      repeated_times(s);
      constant_points(s);
      files(s);
      far_values(s);
      celsius(s);
    }
    return ranges;
  }

 private:
  void outside(const ValueStatistics& s) const;
  void empty_times(const ValueStatistics& s) const;
  void uniform_times(const ValueStatistics& s) const;
  void repeated_times(const ValueStatistics& s) const;
  void constant_points(const ValueStatistics& s) const;
  void far_values(const ValueStatistics& s) const;
  void files(const ValueStatistics& s) const;
  void celsius(const ValueStatistics& s) const;

  const Variable& variable() const { return source_.variables()[channel_]; }
  std::string date(std::size_t t) const { return date_text(source_.times()[steps_[t]].date); }
  std::string where(std::size_t t) const { return source_.where(steps_[t], channel_); }
  std::string at(const Met& met) const {
    const long points = source_.mesh().points(), nx = source_.mesh().nx(), point = met.place % points;
    return fmt::format("{} in row {}, column {}", date(static_cast<std::size_t>(met.place / points)),
                       point / nx, point % nx);
  }
  std::string where(const Met& met) const {
    return where(static_cast<std::size_t>(met.place / source_.mesh().points()));
  }
  void doubt(const std::string& what, const std::string& cure) const { podscale::doubt(doubts_, what, cure); }
  /// data.missing is in the units of the file.
  std::string missing_cure(double value) const {
    const std::string &units = variable().units, &working = variable().working_units;
    if (!units.empty() && !working.empty()) {
      const UnitConversion to_file = unit_conversion(working, units, variable().name);
      value = value * to_file.scale + to_file.offset;
      if (std::abs(value) < 1e-6 * std::abs(to_file.offset)) value = 0;
    }
    return fmt::format("if it means missing (land, ice), give data.missing = {:.7g} or name a land mask",
                       value);
  }

  const FieldSource& source_;
  std::vector<long> steps_;
  Doubts doubts_;
  bool may_be_empty_;
  idx_t channel_ = 0;
};

void Judge::outside(const ValueStatistics& s) const {
  if (s.outside == 0) return;
  const PlausibleRange range = *variable().plausible;
  doubt(fmt::format(
            "{}: {} of {} values of '{}' lie outside data.plausible = {}, {} (from {:.6g} to {:.6g}), the "
            "first, {:.7g} {}, at {}",
            where(s.first_outside), s.outside, s.valid, variable().name, range.low, range.high, s.low.value,
            s.high.value, s.first_outside.value, variable().working_units, at(s.first_outside)),
        missing_cure(s.first_outside.value));
}

void Judge::empty_times(const ValueStatistics& s) const {
  std::size_t empty = 0, first = 0;
  for (std::size_t t = s.times.size(); t-- > 0;)
    if (s.times[t].valid == 0) ++empty, first = t;
  if (empty > 0 && !may_be_empty_)
    doubt(fmt::format("{}: '{}' has no value at all at {} ({} of {} times)", where(first), variable().name,
                      date(first), empty, s.times.size()),
          "repair the series, choose periods without that time, let HR have gaps with data.least_values");
}

/// A gap that somebody filled with the field before it. Said aloud only: a slow analysis may do
/// so.
void Judge::repeated_times(const ValueStatistics& s) const {
  std::size_t found = 0, first = 0;
  for (std::size_t t = s.times.size(); t-- > 1;)
    if (const OfTime& x = s.times[t];
        x.valid >= static_cast<long>(kFewest) && x.repeated == x.valid && x.low < x.high)
      ++found, first = t;
  if (found > 0)
    log::warn(
        "{}: '{}' has at {} value for value the field of the time before ({} of {} times): were gaps "
        "filled by repeating?",
        where(first), variable().name, date(first), found, s.times.size());
}

/// Fields of one number that other fields hardly have: a month of zeros.
void Judge::uniform_times(const ValueStatistics& s) const {
  std::map<double, std::pair<std::vector<std::size_t>, long>> of_value;  // times, values
  for (std::size_t t = 0; t < s.times.size(); ++t)
    if (s.times[t].valid >= static_cast<long>(kFewest) && s.times[t].low == s.times[t].high) {
      auto& [times, values] = of_value[s.times[t].low];
      times.push_back(t);
      values += s.times[t].valid;
    }
  long uniform = 0;
  for (const auto& [value, of] : of_value) uniform += of.second;
  if (uniform == s.valid) return;
  for (const auto& [value, of] : of_value) {
    const auto& [times, values] = of;
    const long others = s.bins[bin_of(static_cast<float>(value))] - values;
    if (static_cast<double>(others) >= kCommon * static_cast<double>(s.valid - uniform)) continue;
    doubt(fmt::format("{}: '{}' is {:.7g} {} at all {} points at {} ({} of {} times)", where(times.front()),
                      variable().name, value, variable().working_units, s.times[times.front()].valid,
                      date(times.front()), times.size(), s.times.size()),
          "repair the series, or choose periods without that time");
  }
}

/// Points of one number at all times that varying points hardly have: land stored as 0.
void Judge::constant_points(const ValueStatistics& s) const {
  if (s.times.size() < kFewest) return;
  const auto top = static_cast<std::size_t>(std::max_element(s.constants.begin(), s.constants.end()) -
                                            s.constants.begin());
  const long most = s.constants[top], all = std::accumulate(s.constants.begin(), s.constants.end(), 0L);
  const long times = std::ssize(s.times);
  const long others = s.bins[top] - most * times, varying = s.valid - all * times;
  if (most < 2 || varying <= 0 || static_cast<double>(others) >= kCommon * static_cast<double>(varying))
    return;
  const std::string what =
      fmt::format("{}: '{}' never changes at {} points, where it is constant {:.7g} {} at all {} times",
                  where(std::size_t{0}), variable().name, most, s.constant, variable().working_units, times);
  // A bound that values run into (freezing, saturation) is met by varying points, too, or nearly.
  std::size_t below = top, above = top;
  while (below > 0 && s.bins[--below] == 0) continue;
  while (above + 1 < kBins && s.bins[++above] == 0) continue;
  const bool lowest = s.bins[below] == 0, highest = s.bins[above] == 0;
  const double nearest = lowest ? edge_of(above, false) - s.constant : s.constant - edge_of(below, true);
  if (lowest != highest && nearest < kNear * (s.high.value - s.low.value))
    log::warn("{}: a bound of '{}', or land that is stored as a number?", what, variable().name);
  else
    doubt(what + " (as where land is stored as a number)", missing_cure(s.constant));
}

/// The largest gap between numbers that occur, again and again: beyond it are fill values.
void Judge::far_values(const ValueStatistics& s) const {
  std::vector<std::size_t> used;
  for (std::size_t b = 0; b < kBins; ++b)
    if (s.bins[b] > 0) used.push_back(b);
  if (used.size() < 3) return;
  std::vector<long> until{0};
  for (const std::size_t b : used) until.push_back(until.back() + s.bins[b]);
  std::size_t widest = 0;
  double gap = -1;
  for (std::size_t i = 0; i + 1 < used.size(); ++i)
    if (const double g = edge_of(used[i + 1], false) - edge_of(used[i], true); g > gap) gap = g, widest = i;
  const long below = until[widest + 1], above = s.valid - below;
  const bool low = below < above;
  const double range =
      low ? s.high.value - edge_of(used[widest + 1], false) : edge_of(used[widest], true) - s.low.value;
  const std::size_t bins = low ? used.size() - widest - 1 : widest + 1, apart = used.size() - bins;
  const long values = std::min(below, above);
  const bool flag = apart == 1 && values >= 10 && bins >= 100 && gap > kFarFlag * range;
  if (bins < 10 || (!flag && gap <= kFar * range)) return;
  const Met& met = low ? s.low : s.high;
  doubt(fmt::format(
            "{}: '{}' has {} values far outside all others, which lie between {:.6g} and {:.6g} {}: the {} "
            "is {:.7g}, at {}; is it a missing value or a flag that no attribute names?",
            where(met), variable().name, values, low ? edge_of(used[widest + 1], false) : s.low.value,
            low ? s.high.value : edge_of(used[widest], true), variable().working_units,
            low ? "lowest" : "highest", met.value, at(met)),
        missing_cure(met.value));
}

/// Each file against all others together.
void Judge::files(const ValueStatistics& s) const {
  struct Range {
    double low = INFINITY, high = -INFINITY;
    std::size_t times = 0;
    void widen(const Range& by) {
      low = std::min(low, by.low), high = std::max(high, by.high), times += by.times;
    }
  };
  std::map<std::string, Range> ranges;
  for (std::size_t t = 0; t < s.times.size(); ++t) {
    const OfTime& of = s.times[t];
    ranges[where(t)].widen({of.low, of.high, of.valid > 0 ? 1u : 0u});
  }
  for (const auto& [file, own] : ranges) {
    if (own.times < kFewest) continue;
    Range rest;
    for (const auto& [name, range] : ranges)
      if (name != file) rest.widen(range);
    if (rest.times < kFewest || own.times > rest.times) continue;
    const double gap = std::max(own.low - rest.high, rest.low - own.high);
    const double ranges_of[] = {own.high - own.low, rest.high - rest.low};
    const bool far = gap > 3 * std::min(ranges_of[0], ranges_of[1]);
    if (!far && !(gap > std::max(ranges_of[0], ranges_of[1]))) continue;
    const std::string what = fmt::format(
        "{}: '{}' lies between {:.6g} and {:.6g} {} there, but between {:.6g} and {:.6g} in the other files, "
        "as {}: are its units right?",
        file, variable().name, own.low, own.high, variable().working_units, rest.low, rest.high,
        (file == ranges.begin()->first ? ranges.rbegin() : std::prev(ranges.rend()))->first);
    if (!far) log::warn("{}", what);
    if (far) doubt(what, "set the units attribute of the file that is wrong right");
  }
}

/// Kelvin under the name of degrees Celsius. Whoever gives data.plausible has judged that.
void Judge::celsius(const ValueStatistics& s) const {
  const auto conversion = from_celsius(variable());
  if (!conversion || variable().plausible) return;
  const double low = -kCelsius * conversion->scale + conversion->offset;
  const double high = kCelsius * conversion->scale + conversion->offset;
  // All of them: data times a number are no temperatures, and may be judged by their variance.
  if (s.low.value <= high && s.high.value >= low) return;
  const Met& met = s.high.value > high ? s.high : s.low;
  const std::string &name = variable().name, &units = variable().units;
  doubt(
      fmt::format(
          "{}: '{}' lies between {:.6g} and {:.6g} {} by the units of its file, '{}'; expected {:.6g} to "
          "{:.6g} of a temperature (the {} at {}): is it in other units, such as kelvin?",
          where(met), name, s.low.value, s.high.value, variable().working_units, units, low, high,
          s.high.value > high ? "highest" : "lowest", at(met)),
      fmt::format("set the units of the file right ('ncatted -a units,{},o,c,K in.nc'), give data.plausible",
                  name));
}

}  // namespace

void doubt(Doubts doubts, const std::string& what, const std::string& cure) {
  if (doubts == Doubts::refuse)
    throw Error(ExitCode::data,
                fmt::format("{}; {}, or take it as it is with data.doubts = 'accept'", what, cure), true);
  log::warn("{}: taken as it is (data.doubts = 'accept')", what);
}

std::vector<ValueRange> judge_values(const FieldSource& source, std::span<const long> steps, Doubts doubts,
                                     bool may_be_empty) {
  std::vector<long> some(steps.begin(), steps.end());
  std::sort(some.begin(), some.end());
  some.erase(std::unique(some.begin(), some.end()), some.end());
  const double values = static_cast<double>(source.mesh().points() * source.channels());
  const std::size_t most = static_cast<std::size_t>(std::max(kMostValues / values, 24.0));
  if (some.size() > most) {
    std::vector<long> spread;
    for (std::size_t i = 0; i < most; ++i) spread.push_back(some[i * (some.size() - 1) / (most - 1)]);
    some = std::move(spread);
  }
  if (some.empty()) return std::vector<ValueRange>(static_cast<std::size_t>(source.channels()));
  return Judge(source, std::move(some), doubts, may_be_empty).run();
}

void judge_ranges(const FieldSource& hr, std::span<const ValueRange> of_hr, const FieldSource& lr,
                  std::span<const ValueRange> of_lr, Doubts doubts) {
  for (std::size_t c = 0; c < std::min(of_hr.size(), of_lr.size()); ++c) {
    const ValueRange &fine = of_hr[c], &coarse = of_lr[c];
    const Variable &v = hr.variables()[c], &w = lr.variables()[c];
    const double gap = std::max(coarse.low - fine.high, fine.low - coarse.high);
    if (v.working_units != w.working_units || !fine.any() || !coarse.any() || gap <= 0) continue;
    const std::string what = fmt::format(
        "'{}' of {} lies between {:.6g} and {:.6g} {}, '{}' of {} between {:.6g} and {:.6g} {}: they have no "
        "value in common; are the units of both right?",
        v.name, hr.describe(), fine.low, fine.high, v.working_units, w.name, lr.describe(), coarse.low,
        coarse.high, w.working_units);
    // Anomalies beside full values are a choice that a climatology of each makes good.
    const bool anomalies = coarse.low < 0 && coarse.high > 0;
    if (anomalies || gap <= kApart * std::max(fine.high - fine.low, coarse.high - coarse.low))
      log::warn("{}", what);
    else
      doubt(doubts, what, "set the units attribute of the one that is wrong right");
  }
}

}  // namespace podscale
