#pragma once
// Climatologies of points that have values at times of their own (method: sections 1.1, 2.9).

#include <span>
#include <vector>

namespace podscale {

/// Harmonics of each point by least squares over the times at which it has a value. Not
/// collective.
class PointFits {
 public:
  PointFits(std::size_t points, int harmonics) : PointFits(points, static_cast<std::size_t>(1 + 2 * harmonics)) {}
  /// Of any `terms` functions of time.
  PointFits(std::size_t points, std::size_t terms)
      : terms_(terms), normal_(points * terms * terms), right_(points * terms) {}
  /// x: harmonic_basis of the time, or those functions.
  void add(std::size_t point, const std::vector<double>& x, double value);
  /// [terms]; NaN where the times don't determine them: a pivot below `least` of the largest.
  std::vector<double> solve(std::size_t point, double least = 1e-6) const { return leading(point, terms_, least); }
  /// The first `terms` alone, the others taken for 0.
  std::vector<double> leading(std::size_t point, std::size_t terms, double least = 1e-6) const;
  /// [terms] with as many harmonics as the times determine well, 0 beyond; NaN without a value.
  std::vector<double> solve_what_is_determined(std::size_t point) const;

 private:
  std::size_t terms_;
  std::vector<double> normal_, right_;
};

}  // namespace podscale
