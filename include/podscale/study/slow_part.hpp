#pragma once
// The slow part of an LR series: the climate signal, which passes one to one (doc/method.md: 7).

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/pod/climatology.hpp"

namespace podscale {

/// Not collective. Months from the middle of January of the year 0 to the middle of what a step
/// stands for, in the calendar of the axis: whole at the middle of a month, and for each month of
/// a monthly series.
double month_of(const SampleAxis& axis, std::size_t step);

/// The running mean over `years` around a month of a series that lasts from the month
/// `first` to `last`: months half the window away count half. Where an end of the series cuts the
/// window off, the mean is moved along the straight line of the 2 * years next to that end, so
/// that it does not lag behind a trend; a series shorter than `years` has no such line.
class RunningMean {
 public:
  /// Not collective, as all below.
  RunningMean(double years, long first, long last) : reach_(6 * years), first_(first), last_(last) {}
  /// First and last month that a month's mean needs.
  std::pair<long, long> needs(long month) const;
  /// Of the means and numbers of values of the months from `from` on. 0 where no month of the
  /// window has a value.
  double at(long month, long from, std::span<const double> means, std::span<const double> counts) const;

 private:
  bool cut(long month) const;
  std::pair<long, long> line(long month) const;  // months of the straight line
  double reach_;                                 // months on either side
  long first_, last_;
};

/// Running means of the anomalies of an LR series, a value for each month.
class SlowPart {
 public:
  SlowPart() = default;
  /// Collective on the source's communicator. Of the cells where `cells` is 1: [points]; anomalies
  /// from `mean` ([channels][points]). years: of the window, above 0. For all that value() may be
  /// asked at `steps`. The series is taken apart where half a window or more is missing. The same
  /// bits at any number of ranks, and for any choice of steps.
  SlowPart(const FieldSource& lr, std::span<const unsigned char> cells, const Climatology& mean,
           const StudyYear& year, double years, std::span<const long> steps);
  /// Which fields hold a step, and the share of the second: linear between the middles of months.
  struct Place {
    std::size_t before = 0, after = 0;
    double share = 0;
  };
  /// Not collective. Of one of the steps.
  Place place(const SampleAxis& axis, long step) const;
  /// Not collective. [channels][points] of the LR mesh.
  double value(const Place& place, std::size_t at) const {
    return fields_.empty() ? 0
                           : (1 - place.share) * static_cast<double>(fields_[place.before * width_ + at]) +
                                 place.share * static_cast<double>(fields_[place.after * width_ + at]);
  }
  bool empty() const { return fields_.empty(); }

 private:
  struct Months {
    long before, after;
    double share;
  };
  const std::pair<long, long>& stretch_of(long month) const;
  Months months_of(const SampleAxis& axis, long step) const;
  std::vector<std::pair<long, long>> stretches_;  // first and last month
  std::map<long, std::size_t> index_;             // the field of a month
  std::vector<float> fields_;                     // [fields][channels][points]
  std::size_t width_ = 0;
};

}  // namespace podscale
