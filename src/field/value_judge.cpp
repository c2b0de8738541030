#include "podscale/field/value_judge.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/units.hpp"
#include "podscale/parallel/decomposition.hpp"

namespace podscale {
namespace {

constexpr double kMostValues = 1 << 28;  // a gibibyte of them, else some of the times
constexpr std::size_t kFewest = 10;      // times or points of which one can say that nothing changes
constexpr double kCommon = 0.01;         // share of the values from which on a number is an ordinary one
constexpr double kNear = 0.02;           // share of the range of the values: next to them
constexpr double kFar = 5;               // a gap of so many times the range of all others
constexpr double kFarFlag = 0.3;         // the same for a number that occurs again and again

/// Bins of float32 numbers in their order: sign, exponent and 11 bits of the rest.
constexpr std::size_t kBins = 1u << 20;
std::size_t bin_of(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v == 0 ? 0.0f : v);
  return (bits & 0x80000000u ? ~bits : bits | 0x80000000u) >> 12;
}
double edge_of(std::size_t bin, bool upper) {
  const std::uint32_t key = static_cast<std::uint32_t>(bin) << 12 | (upper ? 0xfffu : 0u);
  return static_cast<double>(std::bit_cast<float>(key & 0x80000000u ? key & 0x7fffffffu : ~key));
}

/// A value and where it was met: place = position among the steps * mesh points + point.
struct Met {
  double value = 0;
  long place = std::numeric_limits<long>::max();
};

struct OfTime {
  double low = INFINITY, high = -INFINITY;
  long valid = 0;
  long repeated = 0;  ///< values that are those of the time before
};

/// What a rank, then all together, have seen of one channel.
struct Seen {
  std::vector<OfTime> times;
  std::vector<long> bins = std::vector<long>(kBins, 0);
  std::vector<long> constants = std::vector<long>(kBins, 0);  // points of one value at all times
  std::vector<float> constant_values{};                       // of this rank
  double constant = 0;                                        // the one that most of them have
  long valid = 0, outside = 0;
  Met low{INFINITY}, high{-INFINITY}, first_outside;
};

class Judge {
 public:
  Judge(const FieldSource& source, std::vector<long> steps, Doubts doubts, bool may_be_empty)
      : source_(source),
        comm_(source.comm()),
        steps_(std::move(steps)),
        doubts_(doubts),
        may_be_empty_(may_be_empty) {
    read();
  }
  void run() {
    for (std::size_t c = 0; c < seen_.size(); ++c) {
      channel_ = static_cast<idx_t>(c);
      gather(seen_[c]);
      if (seen_[c].valid == 0) continue;  // whoever needs values says so
      outside(seen_[c]);
      empty_times(seen_[c]);
      uniform_times(seen_[c]);
      repeated_times(seen_[c]);
      constant_points(seen_[c]);
      files(seen_[c]);
      far_values(seen_[c]);
    }
  }

 private:
  void read();
  void gather(Seen& s);
  void agree_on(Met& met, bool lowest) const;
  void outside(const Seen& s) const;
  void empty_times(const Seen& s) const;
  void uniform_times(Seen& s) const;
  void repeated_times(const Seen& s) const;
  void constant_points(const Seen& s) const;
  void far_values(Seen s) const;
  void files(const Seen& s) const;

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
  /// All ranks say the same.
  void doubt(const std::string& what, const std::string& cure) const {
    if (doubts_ == Doubts::refuse)
      throw Error(ExitCode::data,
                  fmt::format("{}; {}, or take it as it is with data.doubts = 'accept'", what, cure), true);
    log::warn("{}: taken as it is (data.doubts = 'accept')", what);
  }
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
  const Communicator& comm_;
  std::vector<long> steps_;
  Doubts doubts_;
  bool may_be_empty_;
  std::vector<Seen> seen_;
  idx_t channel_ = 0;
};

void Judge::read() {
  const Mesh& mesh = source_.mesh();
  const Share rows = share_of(mesh.ny(), comm_.size(), comm_.rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0};
  std::vector<unsigned char> ocean = source_.land_mask(window);
  const std::size_t n = ocean.size(), channels = static_cast<std::size_t>(source_.channels());
  for (std::size_t p = 0; p < n; ++p)
    if (const idx_t point = rows.begin * mesh.nx() + static_cast<idx_t>(p); mesh.owner(point) != point)
      ocean[p] = 0;
  seen_.resize(channels);
  std::vector<PlausibleRange> ranges(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    seen_[c].times.resize(steps_.size());
    ranges[c] = source_.variables()[c].plausible.value_or(PlausibleRange{-INFINITY, INFINITY});
  }
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> first(channels * n, none), last = first, values;
  std::vector<unsigned char> varies(channels * n, 0);
  std::vector<long> count(channels * n, 0);
  const std::size_t block = static_cast<std::size_t>(
      std::max((8L << 20) / (std::max(comm_.max(window.points()), 1L) * source_.channels()), 1L));
  for (std::size_t begin = 0; begin < steps_.size(); begin += block) {
    const auto some = std::span(steps_).subspan(begin, std::min(block, steps_.size() - begin));
    values.resize(some.size() * channels * n);
    source_.read(window, some, values);
    for (std::size_t t = 0; t < some.size(); ++t)
      for (std::size_t c = 0; c < channels; ++c) {
        Seen& s = seen_[c];
        OfTime& of_time = s.times[begin + t];
        for (std::size_t p = 0; p < n; ++p) {
          const float v = values[(t * channels + c) * n + p];
          if (std::isnan(v) || !ocean[p]) continue;
          const long place =
              static_cast<long>(begin + t) * mesh.points() + rows.begin * mesh.nx() + static_cast<long>(p);
          const double value = static_cast<double>(v);
          ++s.valid, ++of_time.valid;
          of_time.low = std::min(of_time.low, value), of_time.high = std::max(of_time.high, value);
          if (value < s.low.value) s.low = {value, place};
          if (value > s.high.value) s.high = {value, place};
          ++s.bins[bin_of(v)];
          float& before = first[c * n + p];
          if (std::isnan(before)) before = v;
          if (v != before) varies[c * n + p] = 1;
          of_time.repeated += std::exchange(last[c * n + p], v) == v ? 1 : 0;
          ++count[c * n + p];
          if (v >= ranges[c].low && v <= ranges[c].high) continue;
          ++s.outside;
          if (place < s.first_outside.place) s.first_outside = {value, place};
        }
      }
  }
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t p = 0; p < n; ++p)
      if (count[c * n + p] >= static_cast<long>(kFewest) && !varies[c * n + p]) {
        ++seen_[c].constants[bin_of(first[c * n + p])];
        seen_[c].constant_values.push_back(first[c * n + p]);
      }
}

/// Collective. The extreme of all ranks, at its first place.
void Judge::agree_on(Met& met, bool lowest) const {
  const double value = lowest ? comm_.min(met.value) : comm_.max(met.value);
  const long place = met.value == value ? met.place : std::numeric_limits<long>::max();
  met = {value, comm_.min(place)};
}

void Judge::gather(Seen& s) {
  std::vector<double> low, high;
  std::vector<long> valid, repeated;
  for (const OfTime& t : s.times) {
    low.push_back(-t.low), high.push_back(t.high);
    valid.push_back(t.valid), repeated.push_back(t.repeated);
  }
  comm_.max(std::span(low)), comm_.max(std::span(high));
  comm_.sum(std::span(valid)), comm_.sum(std::span(repeated));
  for (std::size_t t = 0; t < s.times.size(); ++t) s.times[t] = {-low[t], high[t], valid[t], repeated[t]};
  comm_.sum(std::span(s.bins));
  s.valid = comm_.sum(s.valid), s.outside = comm_.sum(s.outside);
  agree_on(s.low, true), agree_on(s.high, false);
  comm_.sum(std::span(s.constants));
  const auto top = std::max_element(s.constants.begin(), s.constants.end()) - s.constants.begin();
  s.constant = -INFINITY;
  for (const float v : s.constant_values)
    if (static_cast<long>(bin_of(v)) == top) s.constant = std::max(s.constant, static_cast<double>(v));
  s.constant = comm_.max(s.constant);
  const long place = comm_.min(s.first_outside.place);  // a place is on one rank
  s.first_outside.value = comm_.max(s.first_outside.place == place ? s.first_outside.value : -INFINITY);
  s.first_outside.place = place;
}

void Judge::outside(const Seen& s) const {
  if (s.outside == 0) return;
  const PlausibleRange range = *variable().plausible;
  doubt(fmt::format(
            "{}: {} of {} values of '{}' lie outside data.plausible = {}, {} (from {:.6g} to {:.6g}), the "
            "first, {:.7g} {}, at {}",
            where(s.first_outside), s.outside, s.valid, variable().name, range.low, range.high, s.low.value,
            s.high.value, s.first_outside.value, variable().working_units, at(s.first_outside)),
        missing_cure(s.first_outside.value));
}

void Judge::empty_times(const Seen& s) const {
  std::size_t empty = 0, first = 0;
  for (std::size_t t = s.times.size(); t-- > 0;)
    if (s.times[t].valid == 0) ++empty, first = t;
  if (empty > 0 && !may_be_empty_)
    doubt(fmt::format("{}: '{}' has no value at all at {} ({} of {} times)", where(first), variable().name,
                      date(first), empty, s.times.size()),
          "repair the series, or choose periods without that time");
}

/// Fields of one number that other fields hardly have: a month of zeros.
/// A gap that somebody filled with the field before it. Said aloud only: a slow analysis may do so.
void Judge::repeated_times(const Seen& s) const {
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

void Judge::uniform_times(Seen& s) const {
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
void Judge::constant_points(const Seen& s) const {
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
void Judge::far_values(Seen s) const {
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
void Judge::files(const Seen& s) const {
  struct Range {
    double low = INFINITY, high = -INFINITY;
    std::size_t times = 0;
  };
  std::map<std::string, Range> ranges;
  const auto widen = [](Range& range, const OfTime& t) {
    range.low = std::min(range.low, t.low), range.high = std::max(range.high, t.high);
    range.times += t.valid > 0 ? 1 : 0;
  };
  std::vector<const std::string*> file_of;
  for (std::size_t t = 0; t < s.times.size(); ++t) {
    const auto found = ranges.try_emplace(where(t)).first;
    widen(found->second, s.times[t]);
    file_of.push_back(&found->first);
  }
  if (ranges.size() < 2 || ranges.size() > 1000) return;
  for (const auto& [file, own] : ranges) {
    Range rest;
    for (std::size_t t = 0; t < s.times.size(); ++t)
      if (file_of[t] != &file) widen(rest, s.times[t]);
    if (own.times < kFewest || rest.times < kFewest || own.times > rest.times) continue;
    const double gap = std::max(own.low - rest.high, rest.low - own.high);
    const double ranges_of[] = {own.high - own.low, rest.high - rest.low};
    const bool far = gap > 3 * std::min(ranges_of[0], ranges_of[1]);
    if (!far && !(gap > std::max(ranges_of[0], ranges_of[1]))) continue;
    const std::string what = fmt::format(
        "{}: '{}' lies between {:.6g} and {:.6g} {} there, but between {:.6g} and {:.6g} in the other files, "
        "as {}: are its units right?",
        file, variable().name, own.low, own.high, variable().working_units, rest.low, rest.high,
        **std::find_if(file_of.begin(), file_of.end(), [&file = file](const auto* f) { return f != &file; }));
    if (!far) log::warn("{}", what);
    if (far) doubt(what, "set the units attribute of the file that is wrong right");
  }
}

}  // namespace

void judge_values(const FieldSource& source, std::span<const long> steps, Doubts doubts, bool may_be_empty) {
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
  if (!some.empty()) Judge(source, std::move(some), doubts, may_be_empty).run();
}

}  // namespace podscale
