#pragma once
// Marine heatwaves (Hobday et al. 2016, Prog. Oceanogr. 141, 227-238): how many there are, how
// long they last and how warm they get, in members against truth. A mean has too few of them, and
// members that are drawn day by day have none that last.

#include <optional>
#include <vector>

#include "podscale/verify/exceedance_event.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Of one series at one point.
struct HeatwaveSums {
  double events = 0;
  double times = 0;      ///< steps in events
  double intensity = 0;  ///< sum over them of the anomaly
  double heat = 0;       ///< sum over them of what is above the limit
  HeatwaveSums& operator+=(const HeatwaveSums& other);
};
/// Not collective. above: value less limit of times in order, NaN where there is none, which ends
/// an event; anomaly: value less climatology. Events: `least` or more times in a row above the
/// limit; joined[t]: whether time t follows t - 1.
HeatwaveSums heatwaves(std::span<const double> above, std::span<const double> anomaly,
                       const std::vector<bool>& joined, long least);

class Heatwaves : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks, save those of event. event: the 90th
  /// percentile of the time of the year, on the own points. days: of each time, as a running
  /// number. ocean: of the region. At some hundred points, spread evenly over those with weight.
  Heatwaves(std::vector<VerifiedSystem> systems, ExceedanceEvent event, std::vector<double> year_fractions,
            std::vector<double> days, std::span<const unsigned char> ocean);
  /// A point has sums of its own: there is nothing to add up over strips.
  void set_rows(const ScoredRows& rows) override { rows_ = rows; }
  void add(const ScoredTime& fields) override;
  /// heatwave_events, _days, _duration, _intensity and _heat of (heatwave_series): truth, then
  /// mean and members of the product.
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  std::size_t series() const { return 3 + members_; }  // limit, truth, mean, members
  ExceedanceEvent event_;
  std::vector<double> year_fractions_, days_;
  std::vector<double> limits_;       // [own points] of the time that is being added
  std::vector<std::size_t> points_;  // of the region
  std::size_t members_;
  // Sums of a time: [points][has a value, limit, truth, mean, members], less the climatology
};

}  // namespace podscale
