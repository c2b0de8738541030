#pragma once
// A field that goes through the year by months, and the running quantile that fills it.

#include <array>
#include <span>
#include <vector>

namespace podscale {

/// One value a point and calendar month, linear in time between mid-months, December and January
/// being neighbours. Not collective.
struct MonthlyField {
  long points = 0;
  std::vector<double> values;  ///< [12][points]; NaN: none
  /// out: [points]; year_fraction in [0, 1). Mid-months lie at (m + 1/2) / 12.
  void evaluate(double year_fraction, std::span<double> out) const;
};

/// Exact upper quantile of a stream: keeps the largest values only, (1 - q) of the series a point.
class UpperQuantile {
 public:
  /// Not collective. q in (0, 1); most: the number of fields that will be added at most.
  UpperQuantile(long points, double q, long most);
  /// field: [points]; NaN is skipped.
  void add(std::span<const float> field);
  /// [points], linear between order statistics: definition 7 of Hyndman & Fan (1996), Am. Stat.
  /// 50, 361-365 (the default of R and numpy). NaN without a value.
  std::vector<double> quantiles() const;
  /// [points], how often a new value is expected above quantiles(): 1 - (q (n - 1) + 1) / (n + 1)
  /// after n values, as order statistic k of n has k / (n + 1) of the distribution below it. More
  /// than 1 - q, much more where n is small. NaN without a value.
  std::vector<double> exceedance() const;

 private:
  double q_;
  std::size_t keep_;
  std::vector<long> seen_;    // [points]
  std::vector<float> heaps_;  // [points][keep]: min-heaps of the largest
};

}  // namespace podscale
