#include "podscale/verify/age_scores.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace podscale {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();  // behind all ages

std::vector<double> with_none(std::vector<double> ages) {
  for (double& age : ages)
    if (std::isnan(age)) age = kNone;
  return ages;
}

}  // namespace

AgeScores::AgeScores(std::vector<VerifiedSystem> systems, const std::vector<double>& ages)
    : GroupedScores(std::move(systems), with_none(ages)) {}

ScoreSection AgeScores::section(const ScoreUnits& units) const {
  ScoreSection section;
  ScoreAxis axis{"age_group", "1", "group of times by the age of their analysis", {}};
  std::vector<double> ages, counts, rmse, crps, coverage;
  const std::size_t width = name_width(systems_);
  section.text = fmt::format("\nby the age of the HR analysis ({})\n{:<{}} {:>5} {:>6} {:>8} {:>8} {:>6}\n",
                             units.text, "system", width, "age", "times", "RMSE", "CRPS", "90 %");
  for (const Group& group : groups()) {
    const bool none = group.key == kNone;
    axis.values.push_back(static_cast<double>(axis.values.size() + 1));
    ages.push_back(none ? undefined : group.key);
    counts.push_back(static_cast<double>(group.times));
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      const Scores& scores = group.scores[s];
      rmse.push_back(scores.rmse);
      crps.push_back(scores.crps);
      coverage.push_back(scores.coverage[k90]);
      section.text += fmt::format("{:<{}} {:>5} {:>6} {:>8} {:>8} {:>6}\n", systems_[s].name, width,
                                  none ? "none" : fmt::format("{:g}", group.key), group.times,
                                  units.cell(scores.rmse, 4), units.cell(scores.crps, 4),
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
