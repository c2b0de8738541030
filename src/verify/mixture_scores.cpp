#include "podscale/verify/mixture_scores.hpp"

#include <fmt/format.h>

#include "podscale/stat/normal.hpp"

namespace podscale {

void MixtureScores::add(const ScoredTime& fields) {
  const auto sums = sums_of(fields);
  const std::size_t points = fields.weights.size();
  std::vector<double> means, variances;
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const Forecast& forecast = fields.forecasts[s];
    const std::size_t n = forecast.means.size() / points;
    if (n == 0 || forecast.variances.size() != forecast.means.size()) continue;
    means.resize(n), variances.resize(n);
    double* at = sums.data() + kWidth * s;
    for (std::size_t i = fields.first(); i < fields.end(); ++i) {
      const double w = fields.weights[i], truth = fields.truth[i];
      if (w <= 0) continue;
      double within = 0;
      for (std::size_t r = 0; r < n; ++r) {
        means[r] = forecast.means[r * points + i], variances[r] = forecast.variances[r * points + i];
        within += variances[r] / static_cast<double>(n);
      }
      const double mean = forecast.mean[i], variance = forecast.variance[i];
      at[0] += w;
      at[1] += w * mixture_crps(means, variances, truth);
      at[2] += w * gaussian_crps(mean, variance, truth);
      at[3] += w * within;
      at[4] += w * (variance - within);
    }
  }
}

ScoreSection MixtureScores::section(const ScoreUnits& units) const {
  const auto total = sums_.total();
  ScoreSection section;
  std::vector<double> mixture, gaussian, within, between;
  section.text = fmt::format(
      "\nrealizations: CRPS, {}, of their mixture and of the Gaussian of its mean and "
      "variance; shares of the variance, %\n{:<{}} {:>9} {:>9} {:>7} {:>8}\n",
      units.text, "system", name_width(systems_), "mixture", "Gaussian", "within", "between");
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const double* at = total.data() + kWidth * s;
    mixture.push_back(quotient(at[1], at[0]));
    gaussian.push_back(quotient(at[2], at[0]));
    within.push_back(quotient(at[3], at[0]));
    between.push_back(quotient(at[4], at[0]));
    if (at[0] > 0)
      section.text += fmt::format("{:<{}} {:>9} {:>9} {:>7} {:>8}\n", systems_[s].name, name_width(systems_),
                                  units.cell(mixture.back(), 4), units.cell(gaussian.back(), 4),
                                  score_cell(100 * quotient(at[3], at[3] + at[4]), 1),
                                  score_cell(100 * quotient(at[4], at[3] + at[4]), 1));
  }
  section.add("mixture_crps", "system", units.difference, "CRPS of the mixture of the realizations", mixture);
  section.add("mixture_gaussian_crps", "system", units.difference,
              "CRPS of the Gaussian of the mixture's mean and variance", gaussian);
  section.add("mixture_within_variance", "system", units.square, "mean of the realizations' variances",
              within);
  section.add("mixture_between_variance", "system", units.square, "variance of the realizations' means",
              between);
  return section;
}

}  // namespace podscale
