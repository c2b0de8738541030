#include "podscale/pod/point_fits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/lapack.hpp"

namespace podscale {

void PointFits::add(std::size_t point, const std::vector<double>& x, double value) {
  for (std::size_t c = 0; c < terms_; ++c) {
    for (std::size_t d = 0; d < terms_; ++d) normal_[(point * terms_ + c) * terms_ + d] += x[c] * x[d];
    right_[point * terms_ + c] += x[c] * value;
  }
}

std::vector<double> PointFits::leading(std::size_t point, std::size_t terms, double least) const {
  std::vector<double> matrix(terms * terms), x(terms);
  for (std::size_t c = 0; c < terms; ++c) {
    for (std::size_t d = 0; d < terms; ++d)
      matrix[c * terms + d] = normal_[(point * terms_ + c) * terms_ + d];
    x[c] = right_[point * terms_ + c];
  }
  const int n = static_cast<int>(terms), one = 1;
  int info = 0;
  dposv_("L", &n, &one, matrix.data(), &n, x.data(), &n, &info);
  double smallest = INFINITY, largest = 0;
  for (std::size_t c = 0; c < terms; ++c) {
    smallest = std::min(smallest, matrix[c * terms + c]);
    largest = std::max(largest, matrix[c * terms + c]);
  }
  if (info != 0 || smallest < least * largest) x.assign(terms, std::numeric_limits<double>::quiet_NaN());
  return x;
}

/// The pivots of evenly spread times are 1, 0.7, 0.7, ... of the largest; of a quarter of the year
/// they fall below a tenth, and the curve runs away in the rest of it.
std::vector<double> PointFits::solve_what_is_determined(std::size_t point) const {
  for (std::size_t terms = terms_;; terms -= 2) {
    std::vector<double> x = leading(point, terms, terms > 1 ? 0.2 : 0.0);
    if (terms > 1 && std::isnan(x[0])) continue;
    x.resize(terms_, 0.0);
    return x;
  }
}

}  // namespace podscale
