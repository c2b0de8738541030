#pragma once
// Climatologies of points that have values at times of their own (method: sections 1.1, 2.9).

#include <span>
#include <vector>

namespace podscale {

/// Harmonics of each point by least squares over the times at which it has a value. Not collective.
class PointFits {
 public:
  PointFits(std::size_t points, int harmonics)
      : terms_(static_cast<std::size_t>(1 + 2 * harmonics)), normal_(points * terms_ * terms_), right_(points * terms_) {}
  /// x: harmonic_basis of the time.
  void add(std::size_t point, const std::vector<double>& x, double value);
  /// [terms]; NaN where the times don't determine them: a pivot below `least` of the largest.
  std::vector<double> solve(std::size_t point, double least = 1e-6) const;
  /// [terms] with as many harmonics as the times determine well, 0 beyond; NaN without a value.
  std::vector<double> solve_what_is_determined(std::size_t point) const;

 private:
  std::vector<double> leading(std::size_t point, std::size_t terms, double least) const;
  std::size_t terms_;
  std::vector<double> normal_, right_;
};

}  // namespace podscale
