#include "value_statistics.hpp"

#include <algorithm>
#include <utility>

#include "podscale/parallel/decomposition.hpp"

namespace podscale {
namespace {

/// What a rank has seen.
struct Seen : ValueStatistics {
  std::vector<float> constant_values;
};

/// Collective. Of this rank's rows.
std::vector<Seen> read_rows(const FieldSource& source, std::span<const long> steps) {
  const Communicator& comm = source.comm();
  const Mesh& mesh = source.mesh();
  const Share rows = share_of(mesh.ny(), comm.size(), comm.rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? mesh.nx() : 0};
  std::vector<unsigned char> ocean = source.land_mask(window);
  const std::size_t n = ocean.size(), channels = static_cast<std::size_t>(source.channels());
  for (std::size_t p = 0; p < n; ++p)
    if (const idx_t point = rows.begin * mesh.nx() + static_cast<idx_t>(p); mesh.owner(point) != point)
      ocean[p] = 0;
  std::vector<Seen> seen(channels);
  std::vector<PlausibleRange> ranges(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    seen[c].times.resize(steps.size());
    ranges[c] = source.variables()[c].plausible.value_or(PlausibleRange{-INFINITY, INFINITY});
  }
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> first(channels * n, none), last = first, values;
  std::vector<unsigned char> varies(channels * n, 0);
  std::vector<long> count(channels * n, 0);
  const std::size_t block = static_cast<std::size_t>(
      std::max((8L << 20) / (std::max(comm.max(window.points()), 1L) * source.channels()), 1L));
  for (std::size_t begin = 0; begin < steps.size(); begin += block) {
    const auto some = steps.subspan(begin, std::min(block, steps.size() - begin));
    values.resize(some.size() * channels * n);
    source.read(window, some, values);
    for (std::size_t t = 0; t < some.size(); ++t)
      for (std::size_t c = 0; c < channels; ++c) {
        Seen& s = seen[c];
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
        ++seen[c].constants[bin_of(first[c * n + p])];
        seen[c].constant_values.push_back(first[c * n + p]);
      }
  return seen;
}

/// Collective. The extreme of all ranks, at its first place.
void agree_on(const Communicator& comm, Met& met, bool lowest) {
  const double value = lowest ? comm.min(met.value) : comm.max(met.value);
  const long place = met.value == value ? met.place : std::numeric_limits<long>::max();
  met = {value, comm.min(place)};
}

/// Collective.
void gather(const Communicator& comm, Seen& s) {
  std::vector<double> low, high;
  std::vector<long> valid, repeated;
  for (const OfTime& t : s.times) {
    low.push_back(-t.low), high.push_back(t.high);
    valid.push_back(t.valid), repeated.push_back(t.repeated);
  }
  comm.max(std::span(low)), comm.max(std::span(high));
  comm.sum(std::span(valid)), comm.sum(std::span(repeated));
  for (std::size_t t = 0; t < s.times.size(); ++t) s.times[t] = {-low[t], high[t], valid[t], repeated[t]};
  comm.sum(std::span(s.bins));
  s.valid = comm.sum(s.valid), s.outside = comm.sum(s.outside);
  agree_on(comm, s.low, true), agree_on(comm, s.high, false);
  comm.sum(std::span(s.constants));
  const auto top = std::max_element(s.constants.begin(), s.constants.end()) - s.constants.begin();
  for (const float v : s.constant_values)
    if (static_cast<long>(bin_of(v)) == top) s.constant = std::max(s.constant, static_cast<double>(v));
  s.constant = comm.max(s.constant);
  const long place = comm.min(s.first_outside.place);  // a place is on one rank
  s.first_outside.value = comm.max(s.first_outside.place == place ? s.first_outside.value : -INFINITY);
  s.first_outside.place = place;
}

}  // namespace

std::vector<ValueStatistics> value_statistics(const FieldSource& source, std::span<const long> steps) {
  std::vector<ValueStatistics> all;
  for (Seen& seen : read_rows(source, steps)) {
    gather(source.comm(), seen);
    all.push_back(std::move(seen));
  }
  return all;
}

}  // namespace podscale
