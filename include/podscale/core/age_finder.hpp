#pragma once
// Which step of a series is so many days older than a date.

#include <optional>
#include <vector>

#include "podscale/core/sample_axis.hpp"

namespace podscale {

class AgeFinder {
 public:
  /// Not collective. axis must outlive it.
  explicit AgeFinder(const SampleAxis& axis);
  /// Not collective. The step whose centre is nearest to `age` days before the centre of a step of
  /// another axis; nullopt where none lies within half a step of it (half a day, where the step is
  /// not known). Dates count by year, month and day: a day that this calendar lacks is the last of
  /// its month.
  std::optional<long> find(const SampleAxis& other, long step, double age) const;

 private:
  double place(Date date) const;
  const SampleAxis* axis_;
  double half_step_;
  std::vector<double> places_;  // of the axis, in days since its first step
};

}  // namespace podscale
