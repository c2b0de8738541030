#pragma once
// Which step of one series belongs to which of another, or to itself some time before: the one
// place that decides it, for every program.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

struct StepPair {
  long a, b;
};

/// Steps of two series that belong together, and what found no partner.
struct Pairing {
  std::vector<StepPair> pairs;
  std::vector<double> shares;            ///< of the pairs: what both have in common of the longer one
  std::vector<long> lonely_a, lonely_b;  ///< of the steps that were asked for
};

/// Not collective, as all here. Two steps are a pair where what they stand for has more than half
/// of the longer one in common; where intervals overlap, a step is in one pair at most, with most
/// in common. Only days that both calendars have count: one that the other lacks has no partner. A
/// step without a span is a moment: the day of its date where the other series has days or longer,
/// else a time around its stamp as long as the shorter of the two steps. Steps of b outside
/// steps_b may be partners.
Pairing pair_steps(const SampleAxis& a, std::span<const long> steps_a, const SampleAxis& b,
                   std::span<const long> steps_b);

/// A series in messages.
struct PairedSeries {
  std::string name, key;  ///< "HR"; its keys start with "data." and this, "" where it has none
  std::string what;       ///< "tos in hr.nc"
  const SampleAxis& axis;
};
/// Not collective. The pairs of two series, counted aloud: a warning below 90 % of the steps of
/// one, and where pairs have less than 90 % of their time in common; Error(data) with the first
/// lonely stamps of both below 50 % of those of a. period: in messages. Not aloud: the same but
/// the error, for who has heard it.
std::vector<StepPair> counted_pairs(const std::string& period, const PairedSeries& a,
                                    std::span<const long> steps_a, const PairedSeries& b,
                                    std::span<const long> steps_b, bool aloud = true);

/// Finds steps of a series some of its steps away in time, whatever lies between; of the same
/// realization, and of the same run where runs overlap.
class LagFinder {
 public:
  /// Not collective. step: of the series that the lags were made for; unknown: that of the axis.
  explicit LagFinder(const SampleAxis& axis, StepLength step = {});
  /// Not collective. nullopt where no step of the axis lies within half a step of that time.
  std::optional<long> find(long step, long lag) const;
  /// Not collective. The steps that all lags are there for; the others are counted in a warning.
  /// Error(data) where none is left. what, period: in messages.
  std::vector<long> with_all(std::span<const long> steps, std::span<const long> lags, const std::string& what,
                             const std::string& period) const;

 private:
  const SampleAxis* axis_;
  StepLength step_;
  std::vector<double> places_;                 // of the axis, in months or days
  std::vector<std::pair<long, long>> series_;  // of each step: the first and behind the last of its own
};

}  // namespace podscale
