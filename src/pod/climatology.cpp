#include "podscale/pod/climatology.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "podscale/core/calendar.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/lapack.hpp"

namespace podscale {

Climatology Climatology::part(long first, long count) const {
  Climatology out{harmonics, count, {}};
  for (int term = 0; term < terms(); ++term) {
    const auto from = coefficients.begin() + term * points + first;
    out.coefficients.insert(out.coefficients.end(), from, from + count);
  }
  return out;
}

std::vector<double> harmonic_basis(double year_fraction, int harmonics) {
  std::vector<double> x{1.0};
  for (int h = 1; h <= harmonics; ++h) {
    const double angle = 2.0 * std::numbers::pi * h * year_fraction;
    x.push_back(std::cos(angle));
    x.push_back(std::sin(angle));
  }
  return x;
}

void Climatology::evaluate(double year_fraction, std::span<double> out) const {
  PODSCALE_ASSERT(std::ssize(out) == points, "{} points, expected {}", out.size(), points);
  const auto x = harmonic_basis(year_fraction, harmonics);
  const std::size_t n = points;
  std::fill(out.begin(), out.end(), 0.0);
  for (std::size_t c = 0; c < x.size(); ++c) {
    const double* row = coefficients.data() + c * n;
    for (std::size_t i = 0; i < n; ++i) out[i] += x[c] * row[i];
  }
}

YearCoverage year_coverage(std::vector<double> phases, int harmonics) {
  std::sort(phases.begin(), phases.end());
  YearCoverage coverage{phases.back(), phases.front() + 1};
  for (std::size_t i = 1; i < phases.size(); ++i)
    if (phases[i] - phases[i - 1] > coverage.to - coverage.from)
      coverage.from = phases[i - 1], coverage.to = phases[i];
  // Variance of the curve at each day, in units where evenly spread times have the mean 1.
  const auto matrix_of = [harmonics](const std::vector<double>& at) {
    std::vector<double> rows;
    for (const double phase : at) {
      const auto x = harmonic_basis(phase, harmonics);
      rows.insert(rows.end(), x.begin(), x.end());
    }
    return rows;  // [times][terms]
  };
  std::vector<double> days(365);
  for (std::size_t d = 0; d < days.size(); ++d) days[d] = static_cast<double>(d) / 365;
  const int terms = 1 + 2 * harmonics, n = static_cast<int>(phases.size()), year = 365;
  const double weight = 1.0 / n, zero = 0;
  const std::vector<double> seen = matrix_of(phases), all = matrix_of(days);
  std::vector<double> normal(terms * terms), solved = all;
  dsyrk_("L", "N", &terms, &n, &weight, seen.data(), &terms, &zero, normal.data(), &terms);
  int info = 0;
  dposv_("L", &terms, &year, normal.data(), &terms, solved.data(), &terms, &info);
  if (info != 0) coverage.growth = std::numeric_limits<double>::infinity();
  for (std::size_t d = 0; info == 0 && d < days.size(); ++d) {
    double variance = 0;
    for (std::size_t i = d * solved.size() / 365; i < (d + 1) * solved.size() / 365; ++i)
      variance += all[i] * solved[i] / terms;
    coverage.growth = std::max(coverage.growth, std::sqrt(variance));
  }
  return coverage;
}

std::string YearCoverage::text() const {
  const auto day = [](double phase) {
    const Date date = date_from_day_number(Calendar::noleap, std::lround(365 * (phase - std::floor(phase))));
    return fmt::format("{:02d}-{:02d}", date.month, date.day);
  };
  return fmt::format(
      "no time between {} and {} ({:.0f} days of the year), where the error of a harmonic curve is up to "
      "{:.1f} times that of one that sees the whole year",
      day(from), day(to), 365 * (to - from), growth);
}

HarmonicFit::HarmonicFit(long points, int harmonics)
    : harmonics_(harmonics),
      points_(points),
      normal_(static_cast<std::size_t>((1 + 2 * harmonics) * (1 + 2 * harmonics))),
      right_(static_cast<std::size_t>((1 + 2 * harmonics) * points)) {}

void HarmonicFit::add(std::span<const float> field, double year_fraction) {
  PODSCALE_ASSERT(std::ssize(field) == points_, "{} points, expected {}", field.size(), points_);
  const auto x = harmonic_basis(year_fraction, harmonics_);
  const std::size_t n = field.size(), terms = x.size();
  for (std::size_t c = 0; c < terms; ++c) {
    for (std::size_t d = 0; d < terms; ++d) normal_[c * terms + d] += x[c] * x[d];
    double* row = right_.data() + c * n;
    for (std::size_t i = 0; i < n; ++i) row[i] += x[c] * static_cast<double>(field[i]);
  }
  ++count_;
}

Climatology HarmonicFit::solve() const {
  // The inverse of the small matrix, applied point by point: the same operations whatever the
  // number of points.
  const int terms = 1 + 2 * harmonics_;
  std::vector<double> matrix = normal_, inverse(normal_.size());
  for (int c = 0; c < terms; ++c) {
    matrix[c * terms + c] *= 1 + 1e-13;  // phases that coincide to rounding stay refused
    inverse[c * terms + c] = 1;
  }
  int info = 0;
  dposv_("L", &terms, &terms, matrix.data(), &terms, inverse.data(), &terms, &info);
  double smallest = info == 0 ? 1 : 0, largest = 0;
  for (int c = 0; c < terms && info == 0; ++c) {
    const double pivot = matrix[c * terms + c];
    smallest = c == 0 ? pivot : std::min(smallest, pivot);
    largest = std::max(largest, pivot);
  }
  if (info != 0 || smallest < 1e-6 * largest)
    fail(ExitCode::data,
         "basis.harmonics = {}: {} training times do not determine {} coefficients; use fewer harmonics or a "
         "longer data.train",
         harmonics_, count_, terms);
  Climatology result{harmonics_, points_, std::vector<double>(right_.size())};
  const std::size_t n = points_;
  for (int c = 0; c < terms; ++c)
    for (int d = 0; d < terms; ++d) {
      const double factor = inverse[c * terms + d];
      for (std::size_t i = 0; i < n; ++i)
        result.coefficients[static_cast<std::size_t>(c) * n + i] +=
            factor * right_[static_cast<std::size_t>(d) * n + i];
    }
  return result;
}

}  // namespace podscale
