#include "podscale/verify/age_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

constexpr std::size_t kWidth = 4;
constexpr double kLevel = 0.9;

}  // namespace

AgeScores::AgeScores(std::vector<VerifiedSystem> systems, std::vector<double> ages)
    : ScoreFamily(systems, std::ssize(ages), kWidth * systems.size()), ages_(std::move(ages)) {}

void AgeScores::add(const ScoredTime& fields) {
  const auto sums = sums_.at(fields.time);
  const double half_width = central_half_width(kLevel);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const Forecast& forecast = fields.forecasts[s];
    double* at = sums.data() + kWidth * s;
    for (std::size_t i = 0; i < fields.weights.size(); ++i) {
      const double weight = fields.weights[i];
      if (weight <= 0) continue;
      const double mean = static_cast<double>(forecast.mean[i]), truth = static_cast<double>(fields.truth[i]),
                   error = std::abs(mean - truth);
      at[0] += weight;
      at[1] += weight * error * error;
      if (forecast.variance.empty()) {
        at[2] += weight * error;
        continue;
      }
      const double variance = static_cast<double>(forecast.variance[i]);
      at[2] += weight * gaussian_crps(mean, variance, truth);
      if (error <= half_width * std::sqrt(variance)) at[3] += weight;
    }
  }
}

ScoreSection AgeScores::section(const ScoreUnits& units) const {
  std::map<double, std::vector<double>> groups;  // behind all ages: without
  std::map<double, double> times;
  constexpr double none = 1e300;
  for (std::size_t t = 0; t < ages_.size(); ++t) {
    const double age = std::isnan(ages_[t]) ? none : ages_[t];
    std::vector<double>& sums = groups[age];
    sums.resize(sums_.width());
    const auto of_time = sums_.at(static_cast<long>(t));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += of_time[i];
    ++times[age];
  }
  ScoreSection section;
  ScoreAxis axis{"age_group", "1", "group of times by the age of their analysis", {}};
  std::vector<double> ages, counts, rmse, crps, coverage;
  const std::size_t width = name_width(systems_);
  section.text = fmt::format("\nby the age of the HR analysis ({})\n{:<{}} {:>5} {:>6} {:>8} {:>8} {:>6}\n",
                             units.text, "system", width, "age", "times", "RMSE", "CRPS", "90 %");
  for (const auto& [age, sums] : groups) {
    axis.values.push_back(static_cast<double>(axis.values.size() + 1));
    ages.push_back(age == none ? undefined : age);
    counts.push_back(times[age]);
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      const double* at = sums.data() + kWidth * s;
      rmse.push_back(std::sqrt(quotient(at[1], at[0])));
      crps.push_back(quotient(at[2], at[0]));
      coverage.push_back(systems_[s].has_variance ? quotient(at[3], at[0]) : undefined);
      section.text += fmt::format("{:<{}} {:>5} {:>6.0f} {:>8} {:>8} {:>6}\n", systems_[s].name, width,
                                  age == none ? "none" : fmt::format("{:g}", age), times[age],
                                  units.cell(rmse.back(), 4), units.cell(crps.back(), 4),
                                  score_cell(100 * coverage.back(), 1));
    }
  }
  section.axes = {axis};
  section.add("history_age", "age_group", "days", "age of the analysis; missing: times without one", ages);
  section.add("times_by_age", "age_group", "1", "number of times", counts);
  section.add("rmse_by_age", "age_group system", units.difference, "root mean square error", rmse);
  section.add("crps_by_age", "age_group system", units.difference,
              "continuous ranked probability score; mean absolute error without a variance", crps);
  section.add("coverage_90_by_age", "age_group system", "1", "share of truths in the central 90 % interval",
              coverage);
  return section;
}

}  // namespace podscale
