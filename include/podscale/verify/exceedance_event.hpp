#pragma once
// The event that probabilities are verified for: exceedance of a fixed value, or of the 90th
// percentile of the time of the year (marine heatwave), and how often it came in the training
// period.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/units.hpp"
#include "podscale/field/field_source.hpp"
#include "podscale/pod/climatology.hpp"
#include "podscale/verify/monthly_field.hpp"

namespace podscale {

struct ExceedanceEvent {
  enum class Kind { threshold, percentile } kind = Kind::threshold;
  double threshold = 0;     ///< kind threshold
  MonthlyField percentile;  ///< above the climatology; kind percentile
  /// Of the event in the training period; kind percentile: as expected of a new year, a little
  /// above 0.1 (UpperQuantile::exceedance).
  MonthlyField frequency;

  std::string units = "1";
  /// To other units, of which it has the name from then on.
  void convert(const UnitConversion& to, const std::string& name);

  std::string describe() const;  ///< "truth above 22.00 degC"
  /// Not collective. [points]; NaN where the training period says nothing. climatology: [points].
  std::vector<double> limits(double year_fraction, std::span<const float> climatology) const;
};

/// A month with fewer fields than this shares those of its neighbours: a 90th percentile of less
/// rests on one or two values.
inline constexpr long fewest_fields = 100;

/// Not collective. The calendar months, 0 to 11, whose anomalies make up the percentile of
/// `month`: itself, and the months beside it where it has fewer than fewest_fields. fields: of
/// each month in the training period.
std::vector<std::size_t> pooled_months(const std::array<long, 12>& fields, std::size_t month);

/// Collective on comm, the communicator of hr. Reads the training series once, in blocks of
/// `block` steps, and gives a rank the rows `own` (none: all). Ranks with the same ones are its
/// peers (none: all), who share the reading of them. The percentile is that of the anomalies of a
/// calendar month (28 to 31 days, as the window of Hobday et al. (2016), Prog. Oceanogr. 141,
/// 227-238, after their smoothing), or of pooled_months, and the frequency that of a calendar
/// month; both go linearly from mid-month to mid-month. steps: of hr, the training period;
/// climatology: [points of own]; year: that of the basis. Memory a rank: a tenth of its share of
/// the series, three tenths where months are pooled.
ExceedanceEvent train_event(const Communicator& comm, ExceedanceEvent::Kind kind, double threshold,
                            const FieldSource& hr, std::span<const long> steps,
                            const Climatology& climatology, long block, const StudyYear& year = {},
                            const std::optional<Share>& own = {}, const Communicator* peers = nullptr);

}  // namespace podscale
