#include "podscale/verify/brier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/core/error.hpp"
#include "podscale/stat/student.hpp"

namespace podscale {
namespace {

// Sums of one time. Of all systems together, then of each: score and, bin by bin, weight,
// probability, event.
enum Common : std::size_t { weight_sum, event_sum, reference_sum, reference_score, common };
constexpr std::size_t own = 1 + 3 * probability_bins;

}  // namespace

double exceedance_probability(double mean, double variance, double limit, double degrees_of_freedom) {
  if (!(variance > 0)) return mean > limit ? 1.0 : 0.0;
  return predictive_cdf((mean - limit) / std::sqrt(variance), degrees_of_freedom);
}

BrierScores::BrierScores(std::vector<VerifiedSystem> systems, ExceedanceEvent event,
                         std::vector<double> year_fractions)
    : ScoreFamily(systems, std::ssize(year_fractions), common + own * systems.size()),
      event_(std::move(event)),
      year_fractions_(std::move(year_fractions)) {}

void BrierScores::add(const ScoredTime& fields) {
  const double phase = year_fractions_[fields.time];
  if (fields.strip == 0) {  // once a time, for all strips
    limits_ = event_.limits(phase, fields.climatology);
    frequency_.resize(limits_.size());
    event_.frequency.evaluate(phase, frequency_);
  }
  const std::vector<double>&limits = limits_, &frequency = frequency_;
  const std::span<double> sums = sums_of(fields);
  for (std::size_t i = fields.first(); i < fields.end(); ++i) {
    const double w = fields.weights[i];
    if (w == 0 || !std::isfinite(limits[i]) || !std::isfinite(frequency[i])) continue;
    const double event = fields.truth[i] > limits[i] ? 1 : 0;
    sums[weight_sum] += w;
    sums[event_sum] += w * event;
    sums[reference_sum] += w * frequency[i];
    sums[reference_score] += w * (frequency[i] - event) * (frequency[i] - event);
    for (std::size_t s = 0; s < systems_.size(); ++s) {
      const Forecast& forecast = fields.forecasts[s];
      const double p = exceedance_probability(
          forecast.mean[i], forecast.variance.empty() ? 0.0 : forecast.variance[i], limits[i],
          forecast.degrees_of_freedom);
      const std::span<double> mine = sums.subspan(common + own * s, own);
      const auto bin =
          std::min(static_cast<std::size_t>(p * static_cast<double>(probability_bins)), probability_bins - 1);
      mine[0] += w * (p - event) * (p - event);
      mine[1 + bin] += w;
      mine[1 + probability_bins + bin] += w * p;
      mine[1 + 2 * probability_bins + bin] += w * event;
    }
  }
}

BrierSummary BrierScores::summary(std::size_t system) const {
  const std::vector<double> total = sums_.total();
  const double* mine = &total[common + own * system];
  const double weight = total[weight_sum], base = quotient(total[event_sum], weight);
  BrierSummary out;
  out.score = quotient(mine[0], weight);
  out.skill = 1 - quotient(mine[0], total[reference_score]);
  out.uncertainty = base * (1 - base);
  for (std::size_t k = 0; k < probability_bins; ++k) {
    const double in_bin = mine[1 + k];
    out.share[k] = quotient(in_bin, weight);
    out.forecast[k] = quotient(mine[1 + probability_bins + k], in_bin);
    out.observed[k] = quotient(mine[1 + 2 * probability_bins + k], in_bin);
    if (!(in_bin > 0)) continue;
    out.reliability += out.share[k] * std::pow(out.forecast[k] - out.observed[k], 2);
    out.resolution += out.share[k] * std::pow(out.observed[k] - base, 2);
  }
  if (!(weight > 0)) out.reliability = out.resolution = base;
  return out;
}

ScoreSection BrierScores::section(const ScoreUnits&) const {
  const std::vector<double> total = sums_.total();
  const double observed = quotient(total[event_sum], total[weight_sum]),
               trained = quotient(total[reference_sum], total[weight_sum]);
  ScoreSection section;
  section.axes = {bins_of_unity("probability_bin", "forecast probability", probability_bins)};
  std::vector<double> score, skill, reliability, resolution, forecast, frequency, share;
  const std::size_t names = name_width(systems_);
  const std::string event = event_.describe();
  section.text = fmt::format(
      "\nevent: {}; {} % of the values, {} % in the training period\n"
      "{:<{}} {:>8} {:>8} {:>11} {:>10}\n",
      event, score_cell(100 * observed, 1), score_cell(100 * trained, 1), "system", names, "Brier", "skill",
      "reliability", "resolution");
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const BrierSummary x = summary(s);
    score.push_back(x.score);
    skill.push_back(x.skill);
    reliability.push_back(x.reliability);
    resolution.push_back(x.resolution);
    forecast.insert(forecast.end(), x.forecast.begin(), x.forecast.end());
    frequency.insert(frequency.end(), x.observed.begin(), x.observed.end());
    share.insert(share.end(), x.share.begin(), x.share.end());
    section.text +=
        fmt::format("{:<{}} {:>8} {:>8} {:>11} {:>10}\n", systems_[s].name, names, score_cell(x.score, 4),
                    score_cell(x.skill, 3), score_cell(x.reliability, 4), score_cell(x.resolution, 4));
  }
  section.text +=
      "skill: against the training frequency; probabilities of a deterministic system are 0 and 1\n";
  const auto add = [&](const std::string& name, const std::string& dims, const std::string& long_name,
                       std::vector<double> values) {
    section.add(name, dims, "1", long_name, std::move(values), event);
  };
  add("brier_score", "system", "Brier score of the event", score);
  add("brier_skill_score", "system", "Brier skill score against the training frequency", skill);
  add("brier_reliability", "system", "reliability term of the Brier score", reliability);
  add("brier_resolution", "system", "resolution term of the Brier score", resolution);
  add("brier_uncertainty", "", "uncertainty term of the Brier score", {observed * (1 - observed)});
  add("event_frequency", "", "share of truths in the event", {observed});
  add("event_training_frequency", "", "share in the event in the training period", {trained});
  add("forecast_probability", "system probability_bin", "mean forecast probability in the bin", forecast);
  add("observed_frequency", "system probability_bin", "share of truths in the event in the bin", frequency);
  add("probability_share", "system probability_bin", "share of forecasts in the bin", share);
  return section;
}

}  // namespace podscale
