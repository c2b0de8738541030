#include "podscale/verify/lead_scores.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "podscale/core/strands.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

constexpr std::size_t kWidth = 5;

}  // namespace

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

LeadScores::LeadScores(std::vector<VerifiedSystem> systems, std::vector<double> leads)
    : ScoreFamily(std::move(systems), std::ssize(leads), 0), leads_(std::move(leads)) {
  sums_ = TimeSums(std::ssize(leads_), kWidth * systems_.size());
}

void LeadScores::add(const ScoredTime& fields) {
  const auto sums = sums_.at(fields.time);
  const double half = central_half_width(0.9);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const Forecast& forecast = fields.forecasts[s];
    double* at = sums.data() + kWidth * s;
    for (std::size_t i = 0; i < fields.weights.size(); ++i) {
      const double w = fields.weights[i];
      if (w <= 0) continue;
      const double mean = forecast.mean[i], truth = fields.truth[i], error = mean - truth,
                   variance = forecast.variance.empty() ? 0 : static_cast<double>(forecast.variance[i]);
      at[0] += w;
      at[1] += w * error * error;
      at[2] += w * (forecast.variance.empty() ? std::abs(error) : gaussian_crps(mean, variance, truth));
      if (std::abs(error) <= half * std::sqrt(variance)) at[3] += w;
      at[4] += w * variance;
    }
  }
}

ScoreSection LeadScores::section(const ScoreUnits& units) const {
  std::map<double, std::vector<double>> by_lead;
  std::map<double, long> count;
  for (long t = 0; t < std::ssize(leads_); ++t) {
    const double lead = leads_[static_cast<std::size_t>(t)];
    auto& total = by_lead[lead];
    total.resize(sums_.width(), 0.0);
    const auto sums = sums_.at(t);
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += sums[i];
    ++count[lead];
  }
  ScoreSection section;
  ScoreAxis axis{"lead", "days", "time since the run began", {}};
  std::vector<double> rmse, crps, coverage, ratio, times;
  const std::size_t width = name_width(systems_);
  std::string text = fmt::format(
      "\nby lead, {}; 90 %: truths inside the central interval; ratio: squared error "
      "over variance\n{:>8} {:>6} {:<{}} {:>9} {:>9} {:>6} {:>6}\n",
      units.text, "days", "times", "system", width, "RMSE", "CRPS", "90 %", "ratio");
  for (const auto& [lead, total] : by_lead) {
    axis.values.push_back(lead);
    times.push_back(static_cast<double>(count[lead]));
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      const double* at = total.data() + kWidth * s;
      const bool spread = systems_[s].has_variance;
      rmse.push_back(std::sqrt(quotient(at[1], at[0])));
      crps.push_back(quotient(at[2], at[0]));
      coverage.push_back(spread ? quotient(at[3], at[0]) : quotient(0, 0));
      ratio.push_back(spread ? quotient(at[1], at[4]) : quotient(0, 0));
      if (systems_[s].name == "pod_bound") continue;
      text += fmt::format("{:>8.6g} {:>6} {:<{}} {:>9} {:>9} {:>6} {:>6}\n", lead, count[lead],
                          systems_[s].name, width, units.cell(rmse.back(), 4), units.cell(crps.back(), 4),
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
