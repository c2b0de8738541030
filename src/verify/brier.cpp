#include "podscale/verify/brier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"
#include "podscale/stat/normal.hpp"
#include "podscale/verify/text_cells.hpp"

namespace podscale {
namespace {

// Sums of one time. Of all systems together, then of each: score and, bin by bin, weight, probability, event.
enum Common : std::size_t { weight_sum, event_sum, reference_sum, reference_score, common };
constexpr std::size_t own = 1 + 3 * probability_bins;

double ratio(double over, double under) {
  return under > 0 ? over / under : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double exceedance_probability(double mean, double variance, double limit) {
  if (!(variance > 0)) return mean > limit ? 1.0 : 0.0;
  return normal_cdf((mean - limit) / std::sqrt(variance));
}

BrierScores::BrierScores(std::vector<VerifiedSystem> systems, ExceedanceEvent event,
                         std::vector<double> year_fractions)
    : systems_(std::move(systems)),
      event_(std::move(event)),
      year_fractions_(std::move(year_fractions)),
      sums_(static_cast<long>(year_fractions_.size()), common + own * systems_.size()) {}

void BrierScores::add(const ScoredTime& fields) {
  const double phase = year_fractions_[static_cast<std::size_t>(fields.time)];
  const std::vector<double> limits = event_.limits(phase, fields.climatology);
  std::vector<double> frequency(limits.size());
  event_.frequency.evaluate(phase, frequency);
  const std::span<double> sums = sums_.at(fields.time);
  for (std::size_t i = 0; i < limits.size(); ++i) {
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
          forecast.mean[i], forecast.variance.empty() ? 0.0 : forecast.variance[i], limits[i]);
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

void BrierScores::reduce(const Communicator& comm) {
  sums_.reduce(comm);
}

BrierSummary BrierScores::summary(std::size_t system) const {
  const std::vector<double> total = sums_.total();
  const double* mine = &total[common + own * system];
  const double weight = total[weight_sum], base = ratio(total[event_sum], weight);
  BrierSummary out;
  out.score = ratio(mine[0], weight);
  out.skill = 1 - ratio(mine[0], total[reference_score]);
  out.uncertainty = base * (1 - base);
  for (std::size_t k = 0; k < probability_bins; ++k) {
    const double in_bin = mine[1 + k];
    out.share[k] = ratio(in_bin, weight);
    out.forecast[k] = ratio(mine[1 + probability_bins + k], in_bin);
    out.observed[k] = ratio(mine[1 + 2 * probability_bins + k], in_bin);
    if (!(in_bin > 0)) continue;
    out.reliability += out.share[k] * std::pow(out.forecast[k] - out.observed[k], 2);
    out.resolution += out.share[k] * std::pow(out.observed[k] - base, 2);
  }
  if (!(weight > 0)) out.reliability = out.resolution = base;
  return out;
}

ScoreSection BrierScores::section() const {
  const std::vector<double> total = sums_.total();
  const double observed = ratio(total[event_sum], total[weight_sum]),
               trained = ratio(total[reference_sum], total[weight_sum]);
  ScoreSection section;
  ScoreAxis axis{"probability_bin", "1", "forecast probability, centre of the bin", {}};
  for (std::size_t k = 0; k < probability_bins; ++k)
    axis.values.push_back((static_cast<double>(k) + 0.5) / static_cast<double>(probability_bins));
  section.axes = {axis};

  std::vector<double> score, skill, reliability, resolution, forecast, frequency, share;
  const std::size_t names = name_width(systems_);
  section.text = fmt::format(
      "\nevent: {}; {} % of the values, {} % in the training period\n"
      "{:<{}} {:>8} {:>8} {:>11} {:>10}\n",
      event_.describe(), score_cell(100 * observed, 1), score_cell(100 * trained, 1), "system", names,
      "Brier", "skill", "reliability", "resolution");
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
  const std::string event = event_.describe();
  section.variables = {
      {"brier_score", {"system"}, "1", "Brier score of the event", score, event},
      {"brier_skill_score",
       {"system"},
       "1",
       "Brier skill score against the training frequency",
       skill,
       event},
      {"brier_reliability", {"system"}, "1", "reliability term of the Brier score", reliability, event},
      {"brier_resolution", {"system"}, "1", "resolution term of the Brier score", resolution, event},
      {"brier_uncertainty",
       {},
       "1",
       "uncertainty term of the Brier score",
       {observed * (1 - observed)},
       event},
      {"event_frequency", {}, "1", "share of truths in the event", {observed}, event},
      {"event_training_frequency", {}, "1", "share in the event in the training period", {trained}, event},
      {"forecast_probability",
       {"system", "probability_bin"},
       "1",
       "mean forecast probability in the bin",
       forecast,
       event},
      {"observed_frequency",
       {"system", "probability_bin"},
       "1",
       "share of truths in the event in the bin",
       frequency,
       event},
      {"probability_share",
       {"system", "probability_bin"},
       "1",
       "share of forecasts in the bin",
       share,
       event}};
  return section;
}

}  // namespace podscale
