#include "podscale/verify/energy_score.hpp"

#include <fmt/format.h>

#include <cmath>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

double distance(const float* x, const float* y, std::span<const double> weights) {
  double sum = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double d = static_cast<double>(x[k]) - y[k];
    sum += weights[k] * d * d;
  }
  return std::sqrt(sum);
}

}  // namespace

double fair_energy_score(std::span<const float> members, std::span<const float> y,
                         std::span<const double> weights) {
  const std::size_t d = y.size();
  PODSCALE_ASSERT(d > 0 && weights.size() == d && !members.empty() && members.size() % d == 0,
                  "{} points, {} weights, {} values of members", d, weights.size(), members.size());
  const std::size_t count = members.size() / d;
  double total = 0, to_truth = 0, pairs = 0;
  for (const double w : weights) total += w;
  for (std::size_t i = 0; i < count; ++i) {
    to_truth += distance(&members[i * d], y.data(), weights);
    for (std::size_t j = 0; j < i; ++j) pairs += distance(&members[i * d], &members[j * d], weights);
  }
  const auto m = static_cast<double>(count);
  return (to_truth / m - (count > 1 ? pairs / (m * (m - 1)) : 0)) / std::sqrt(total);
}

EnergyScores::EnergyScores(const Mesh& mesh, std::vector<VerifiedSystem> systems, long times, long window)
    : ScoreFamily(systems, times, 4 * systems.size()), ny_(mesh.ny()), nx_(mesh.nx()), window_(window) {}

void EnergyScores::add_points(const ScoredTime& fields, std::span<const std::size_t> points,
                              std::span<double> sums, std::size_t offset) {
  const std::size_t all = fields.weights.size();
  std::vector<double> weights;
  std::vector<float> truth, members;
  double total = 0;
  for (const std::size_t i : points) {
    weights.push_back(fields.weights[i]);
    truth.push_back(fields.truth[i]);
    total += fields.weights[i];
  }
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    if (systems_[s].has_variance && !systems_[s].has_members) continue;
    const Forecast& forecast = fields.forecasts[s];
    const std::span<const float> source = systems_[s].has_members ? forecast.members : forecast.mean;
    members.clear();
    for (std::size_t first = 0; first < source.size(); first += all)
      for (const std::size_t i : points) members.push_back(source[first + i]);
    sums[4 * s + offset] += total * fair_energy_score(members, truth, weights);
    sums[4 * s + offset + 1] += total;
  }
}

void EnergyScores::add(const ScoredTime& fields) {
  const std::span<double> sums = sums_.at(fields.time);
  std::vector<std::size_t> points;
  for (long y0 = 0; y0 + window_ <= ny_; y0 += window_)
    for (long x0 = 0; x0 + window_ <= nx_; x0 += window_) {
      points.clear();
      for (long j = y0; j < y0 + window_; ++j)
        for (long i = x0; i < x0 + window_; ++i)
          if (const auto k = static_cast<std::size_t>(j * nx_ + i); fields.weights[k] > 0)
            points.push_back(k);
      if (std::ssize(points) == window_ * window_) add_points(fields, points, sums, 0);
    }
  points.clear();
  for (std::size_t i = 0; i < fields.weights.size(); ++i)
    if (fields.weights[i] > 0) points.push_back(i);
  if (!points.empty()) add_points(fields, points, sums, 2);
}

EnergyScores::Means EnergyScores::means(std::size_t system) const {
  const std::vector<double> total = sums_.total();
  const double* at = &total[4 * system];
  return {quotient(at[0], at[1]), quotient(at[2], at[3])};
}

ScoreSection EnergyScores::section(const ScoreUnits& units) const {
  ScoreSection section;
  std::vector<double> window, field;
  const std::size_t names = name_width(systems_);
  section.text = fmt::format(
      "\nfair energy score, {}: members against the truth as fields; a deterministic system "
      "has its RMS error\n{:<{}} {:>12} {:>12}\n",
      units.text, "system", names, fmt::format("{0} x {0}", window_), "whole field");
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    const Means mean = means(s);
    window.push_back(mean.window);
    field.push_back(mean.field);
    if (!std::isnan(mean.field))
      section.text += fmt::format("{:<{}} {:>12} {:>12}\n", systems_[s].name, names,
                                  units.cell(mean.window, 4), units.cell(mean.field, 4));
  }
  section.add(
      "energy_score_window", "system", units.difference,
      fmt::format("fair energy score over {0} x {0} windows free of land, over the root of their points",
                  window_),
      window);
  section.add("energy_score_field", "system", units.difference,
              "fair energy score of the whole field, area-weighted norm", field);
  return section;
}

}  // namespace podscale
