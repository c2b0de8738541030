#include "podscale/verify/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/stat/student.hpp"

namespace podscale {
namespace {

constexpr std::size_t width = pit_bins + interval_levels + 1;

std::array<double, interval_levels> half_widths(double degrees_of_freedom) {
  std::array<double, interval_levels> levels{};
  for (std::size_t k = 0; k < levels.size(); ++k) levels[k] = interval_level(k);
  for (double& level : levels) level = predictive_half_width(level, degrees_of_freedom);
  return levels;
}

void add_point(double weight, double mean, double variance, double truth, double degrees_of_freedom,
               const std::array<double, interval_levels>& widths, std::span<double> sums) {
  const double error = truth - mean, deviation = std::sqrt(std::max(0.0, variance));
  if (deviation == 0 && error == 0) {
    // The distribution jumps from 0 to 1 at the truth: its PIT is any number between them.
    for (std::size_t k = 0; k < pit_bins; ++k) sums[k] += weight / static_cast<double>(pit_bins);
  } else {
    const double pit = deviation > 0 ? predictive_cdf(error / deviation, degrees_of_freedom) : error > 0;
    const std::size_t bin = pit * static_cast<double>(pit_bins);
    sums[std::min(bin, pit_bins - 1)] += weight;
  }
  const auto inside = std::find_if(widths.begin(), widths.end(),
                                   [&](double half) { return std::abs(error) <= half * deviation; });
  sums[pit_bins + static_cast<std::size_t>(inside - widths.begin())] += weight;
}

}  // namespace

std::vector<double> shares_of(std::span<const double> counts) {
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<double> out(counts.begin(), counts.end());
  for (double& value : out) value = quotient(value, sum);
  return out;
}

double reliability_index(std::span<const double> counts) {
  double index = 0;
  for (const double share : shares_of(counts))
    index += std::abs(share - 1.0 / static_cast<double>(counts.size()));
  return index;
}

GaussianCalibration::GaussianCalibration(std::vector<VerifiedSystem> systems, long times)
    : ScoreFamily(systems, times, systems.size() * width) {}

void GaussianCalibration::add(const ScoredTime& fields) {
  const std::span<double> all = sums_of(fields);
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    if (!systems_[s].has_variance) continue;
    const Forecast& forecast = fields.forecasts[s];
    const std::span<double> sums = all.subspan(s * width, width);
    const double degrees = forecast.degrees_of_freedom;
    const auto widths = half_widths(degrees);
    for (std::size_t i = fields.first(); i < fields.end(); ++i)
      if (fields.weights[i] > 0)
        add_point(fields.weights[i], forecast.mean[i], forecast.variance[i], fields.truth[i], degrees, widths,
                  sums);
  }
}

std::vector<double> GaussianCalibration::pit_shares(std::size_t system) const {
  return shares_of(std::span<const double>(sums_.total()).subspan(system * width, pit_bins));
}

std::vector<double> GaussianCalibration::coverage(std::size_t system) const {
  const std::vector<double> total = sums_.total();
  std::vector<double> covered =
      shares_of(std::span(total).subspan(system * width + pit_bins, interval_levels + 1));
  std::partial_sum(covered.begin(), covered.end(), covered.begin());
  covered.pop_back();
  return covered;
}

ScoreSection GaussianCalibration::section(const ScoreUnits&) const {
  ScoreSection section;
  ScoreAxis levels{"interval_level", "1", "probability of the central interval of the forecast", {}};
  for (std::size_t k = 0; k < interval_levels; ++k) levels.values.push_back(interval_level(k));
  section.axes = {bins_of_unity("pit_bin", "probability integral transform", pit_bins), levels};

  std::vector<double> pit, index, covered;
  const std::size_t names = name_width(systems_);
  std::string rows, curves;
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const std::vector<double> share = pit_shares(s), inside = coverage(s);
    pit.insert(pit.end(), share.begin(), share.end());
    covered.insert(covered.end(), inside.begin(), inside.end());
    index.push_back(reliability_index(share));
    if (!systems_[s].has_variance) continue;
    rows += fmt::format("{:<{}} {:>6}", systems_[s].name, names, score_cell(index.back(), 3));
    for (std::size_t k = 0; k < pit_bins; k += 2)
      rows += fmt::format(" {:>5}", score_cell(100 * (share[k] + share[k + 1]), 1));
    curves += fmt::format("{:<{}} {:>6}", systems_[s].name, names, "");
    for (std::size_t k = 1; k < interval_levels; k += 2)
      curves += fmt::format(" {:>5}", score_cell(100 * inside[k], 1));
    rows += "\n";
    curves += "\n";
  }
  section.add("pit_histogram", "system pit_bin", "1",
              "share of truths by their place in the Gaussian of mean and variance", pit);
  section.add("pit_reliability_index", "system", "1",
              "sum over bins of the departure of the PIT histogram from flatness", index);
  section.add("interval_coverage", "system interval_level", "1",
              "fraction of truths inside the central interval of the Gaussian of mean and variance", covered);
  if (rows.empty()) return section;
  section.text = fmt::format(
      "\nPIT of the Gaussian: index (0 = flat), truths in each tenth of it, % (ideal 10)\n"
      "{:<{}} {:>6} {:>5}{:>54}\n{}",
      "system", names, "index", "low", "high", rows);
  section.text +=
      fmt::format("\nreliability: truths inside the central interval of the Gaussian, %\n{:<{}} {:>6}",
                  "system", names, "");
  for (std::size_t k = 1; k < interval_levels; k += 2)
    section.text += fmt::format(" {:>5}", fmt::format("{:.0f} %", 100 * interval_level(k)));
  section.text += "\n" + curves;
  return section;
}

}  // namespace podscale
