#include "podscale/verify/lead_scores.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "podscale/core/strands.hpp"

namespace podscale {
std::vector<double> leads_of(const SampleAxis& times) {
  std::vector<double> leads;
  bool differ = false;
  for (const Sample& s : times.samples) {
    const auto lead = lead_days(times.calendar, s);
    if (!lead) return {};
    leads.push_back(static_cast<double>(std::lround(*lead * 1440)) / 1440);
    differ = differ || leads.back() != leads.front();
  }
  return differ ? leads : std::vector<double>{};
}

ScoreSection LeadScores::section(const ScoreUnits& units) const {
  ScoreSection section;
  ScoreAxis axis{"lead", "days", "time since the run began", {}};
  std::vector<double> rmse, crps, coverage, ratio, times;
  const std::size_t width = name_width(systems_);
  std::string text = fmt::format(
      "\nby lead, {}; 90 %: truths inside the central interval; ratio: squared error "
      "over variance\n{:>8} {:>6} {:<{}} {:>9} {:>9} {:>6} {:>6}\n",
      units.text, "days", "times", "system", width, "RMSE", "CRPS", "90 %", "ratio");
  for (const Group& group : groups()) {
    axis.values.push_back(group.key);
    times.push_back(static_cast<double>(group.times));
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      const Scores& scores = group.scores[s];
      rmse.push_back(scores.rmse);
      crps.push_back(scores.crps);
      coverage.push_back(scores.coverage[k90]);
      ratio.push_back(scores.error_over_variance);
      if (systems_[s].name == "pod_bound") continue;
      text += fmt::format("{:>8.6g} {:>6} {:<{}} {:>9} {:>9} {:>6} {:>6}\n", group.key, group.times,
                          systems_[s].name, width, units.cell(scores.rmse, 4), units.cell(scores.crps, 4),
                          score_cell(100 * coverage.back(), 1), score_cell(ratio.back(), 2));
    }
  }
  if (systems_[0].has_variance && axis.values.size() > 1) {
    std::vector<std::string> days, factors;
    for (std::size_t l = 0; l < axis.values.size(); ++l) {
      const double found = ratio[l * systems_.size()];
      if (!(found > 0)) continue;
      days.push_back(fmt::format("{:.6g}", axis.values[l]));
      factors.push_back(fmt::format("{:.3g}", found));
    }
    text += fmt::format(
        "for runs like these, times the factors that {} was made with:\n"
        "  sampling.lead_days = {}\n  sampling.lead_factors = {}\n",
        systems_[0].name, fmt::join(days, ", "), fmt::join(factors, ", "));
  }
  section.axes.push_back(std::move(axis));
  section.text = std::move(text);
  section.add("lead_times", "lead", "1", "times at this lead", times);
  section.add("lead_rmse", "lead system", units.difference, "root mean square error at this lead", rmse);
  section.add("lead_crps", "lead system", units.difference,
              "continuous ranked probability score at this lead", crps);
  section.add("lead_coverage_90", "lead system", "1", "share of truths inside the central 90 % interval",
              coverage);
  section.add("lead_error_over_variance", "lead system", "1", "mean squared error over mean variance", ratio);
  return section;
}

}  // namespace podscale
