#include "podscale/verify/conformal_coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

constexpr std::size_t kWidth = 1 + coverage_levels.size();

}  // namespace

ConformalCoverage::ConformalCoverage(std::vector<System> products, long times)
    : ScoreFamily({}, times, kWidth * products.size()), products_(std::move(products)) {}

void ConformalCoverage::add(const ScoredTime& fields) {
  const auto sums = sums_of(fields);
  for (std::size_t s = 0; s < products_.size(); ++s) {
    const Forecast& forecast = fields.forecasts[products_[s].index];
    double* at = sums.data() + kWidth * s;
    for (std::size_t i = fields.first(); i < fields.end(); ++i) {
      if (fields.weights[i] <= 0) continue;
      const double error =
                       std::abs(static_cast<double>(forecast.mean[i]) - static_cast<double>(fields.truth[i])),
                   deviation = std::sqrt(static_cast<double>(forecast.variance[i]));
      at[0] += fields.weights[i];
      for (std::size_t level = 0; level < coverage_levels.size(); ++level)
        if (error <= products_[s].half_width[level] * deviation) at[1 + level] += fields.weights[i];
    }
  }
}

ScoreSection ConformalCoverage::section(const ScoreUnits&) const {
  const auto total = sums_.total();
  ScoreSection section;
  section.axes = {
      {"conformal_product", "1", "products with conformal half widths, numbered as systems", {}},
      {"conformal_level", "1", "nominal share", {coverage_levels.begin(), coverage_levels.end()}}};
  std::vector<double> covered;
  std::size_t width = 6;
  for (const System& system : products_) width = std::max(width, system.name.size());
  section.text = fmt::format("\nconformal intervals: truths inside, %\n{:<{}}", "system", width);
  for (const double level : coverage_levels) section.text += fmt::format(" {:>6.0f}", 100 * level);
  section.text += '\n';
  for (std::size_t s = 0; s < products_.size(); ++s) {
    section.axes[0].values.push_back(static_cast<double>(products_[s].index));
    section.text += fmt::format("{:<{}}", products_[s].name, width);
    for (std::size_t level = 0; level < coverage_levels.size(); ++level) {
      const double* at = total.data() + kWidth * s;
      covered.push_back(quotient(at[1 + level], at[0]));
      section.text += fmt::format(" {:>6}", score_cell(100 * covered.back(), 1));
    }
    section.text += '\n';
  }
  section.add("conformal_coverage", "conformal_product conformal_level", "1",
              "share of truths inside the conformal interval", covered);
  return section;
}

}  // namespace podscale
