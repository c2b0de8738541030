#pragma once
// Climatology: per point, mean + H annual harmonics by least squares over the training period
// (method: section 1.1).

#include <span>
#include <string>
#include <vector>

namespace podscale {

/// Not collective. coefficients: [1 + 2H][points] float64: mean, cos 1, sin 1, cos 2, sin 2, ...
/// in the unit of the field.
struct Climatology {
  int harmonics = 0;
  long points = 0;
  std::vector<double> coefficients;
  int terms() const { return 1 + 2 * harmonics; }
  /// out: [points]; year_fraction in [0, 1).
  void evaluate(double year_fraction, std::span<double> out) const;
  /// Of `count` points from `first` on.
  Climatology part(long first, long count) const;
};

/// cos and sin of the harmonics at a phase of the year: [1 + 2H].
std::vector<double> harmonic_basis(double year_fraction, int harmonics);

/// How well the times of a period determine a curve of harmonics all through the year.
struct YearCoverage {
  double from = 0, to = 1;  ///< phases at the ends of the longest stretch of the year without a time
  /// The largest standard error of the curve in the year, over its root mean square at times
  /// spread evenly: 1 where they are, large where the curve is extrapolated.
  double growth = 1;
  /// Over 1/8 of the year without a time, and an error there that is more than 15 % larger.
  bool has_gap() const { return to - from > 0.125 && growth > 1.15; }
  std::string text() const;  ///< "no time between 10-31 and 01-02 (62 days of the year), where ..."
};
/// Not collective. phases: of all times, in [0, 1); at least one.
YearCoverage year_coverage(std::vector<double> phases, int harmonics);

/// Streaming normal equations: memory is (1 + 2H) values a point, whatever the length of the
/// series.
class HarmonicFit {
 public:
  HarmonicFit(long points, int harmonics);
  /// field: [points]; NaN at a point (land) makes that point's coefficients NaN, others are not
  /// touched.
  void add(std::span<const float> field, double year_fraction);
  /// Error(data) when the phases seen cannot determine the harmonics.
  Climatology solve() const;

 private:
  int harmonics_;
  long points_, count_ = 0;
  std::vector<double> normal_;  // [terms x terms]
  std::vector<double> right_;   // [terms][points]
};

}  // namespace podscale
