#include "podscale/verify/energy_score.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

double square_distance(const float* x, const float* y, std::span<const double> weights) {
  double sum = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double d = static_cast<double>(x[k]) - y[k];
    sum += weights[k] * d * d;
  }
  return sum;
}

/// Squares of the distances of `count` members to the truth and to each other, in the order in
/// which score_of() takes them.
std::size_t distances(std::size_t count) {
  return count + count * (count - 1) / 2;
}

void add_squares(std::span<const float> members, std::span<const float> y, std::span<const double> weights,
                 double* squares) {
  const std::size_t d = y.size(), count = members.size() / d;
  for (std::size_t i = 0; i < count; ++i) {
    *squares++ += square_distance(&members[i * d], y.data(), weights);
    for (std::size_t j = 0; j < i; ++j)
      *squares++ += square_distance(&members[i * d], &members[j * d], weights);
  }
}

/// total: of the weights.
double score_of(const double* squares, std::size_t count, double total) {
  double to_truth = 0, pairs = 0;
  for (std::size_t i = 0; i < count; ++i) {
    to_truth += std::sqrt(*squares++);
    for (std::size_t j = 0; j < i; ++j) pairs += std::sqrt(*squares++);
  }
  const auto m = static_cast<double>(count);
  return (to_truth / m - (count > 1 ? pairs / (m * (m - 1)) : 0)) / std::sqrt(total);
}

/// Members of a system as the energy score sees it: a mean alone is one; 0: it has no score.
std::size_t members_of(const VerifiedSystem& system) {
  if (system.has_members) return static_cast<std::size_t>(system.members);
  return system.has_variance ? 0 : 1;
}

constexpr std::size_t kHead = 3;  // window score, window weight, field weight

/// Where the sums of each system begin, and at last how many there are.
std::vector<std::size_t> starts_of(const std::vector<VerifiedSystem>& systems) {
  std::vector<std::size_t> starts{0};
  for (const VerifiedSystem& system : systems)
    starts.push_back(starts.back() + kHead + distances(members_of(system)));
  return starts;
}

}  // namespace

double fair_energy_score(std::span<const float> members, std::span<const float> y,
                         std::span<const double> weights) {
  const std::size_t d = y.size();
  PODSCALE_ASSERT(d > 0 && weights.size() == d && !members.empty() && members.size() % d == 0,
                  "{} points, {} weights, {} values of members", d, weights.size(), members.size());
  const std::size_t count = members.size() / d;
  double total = 0;
  for (const double w : weights) total += w;
  std::vector<double> squares(distances(count), 0.0);
  add_squares(members, y, weights, squares.data());
  return score_of(squares.data(), count, total);
}

EnergyScores::EnergyScores(const Mesh& mesh, std::vector<VerifiedSystem> systems, long times, long window)
    : ScoreFamily(systems, times, starts_of(systems).back()),
      starts_(starts_of(systems_)),
      nx_(mesh.nx()),
      window_(window) {}

void EnergyScores::add_points(const ScoredTime& fields, std::span<const std::size_t> points,
                              std::span<double> sums, bool whole) {
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
    if (members_of(systems_[s]) == 0) continue;
    const Forecast& forecast = fields.forecasts[s];
    const std::span<const float> source = systems_[s].has_members ? forecast.members : forecast.mean;
    members.clear();
    for (std::size_t first = 0; first < source.size(); first += all)
      for (const std::size_t i : points) members.push_back(source[first + i]);
    double* at = sums.data() + starts_[s];
    if (whole) {
      at[2] += total;
      add_squares(members, truth, weights, at + kHead);
    } else {
      at[0] += total * fair_energy_score(members, truth, weights);
      at[1] += total;
    }
  }
}

void EnergyScores::add(const ScoredTime& fields) {
  const std::span<double> sums = sums_of(fields);
  std::vector<std::size_t> points;
  for_windows(fields, nx_, window_, window_, [&](long y0) {
    for (long x0 = 0; x0 + window_ <= nx_; x0 += window_) {
      points.clear();
      for (long j = y0; j < y0 + window_; ++j)
        for (long i = x0; i < x0 + window_; ++i)
          if (const auto k = static_cast<std::size_t>(j * nx_ + i); fields.weights[k] > 0)
            points.push_back(k);
      if (std::ssize(points) == window_ * window_) add_points(fields, points, sums, false);
    }
  });
  points.clear();
  for (std::size_t i = fields.first(); i < fields.end(); ++i)
    if (fields.weights[i] > 0) points.push_back(i);
  if (!points.empty()) add_points(fields, points, sums, true);
}

EnergyScores::Means EnergyScores::means(std::size_t system) const {
  double window = 0, window_weight = 0, field = 0, field_weight = 0;
  const std::size_t count = members_of(systems_[system]);
  for (long t = 0; t < sums_.times(); ++t) {
    const double* at = std::as_const(sums_).at(t).data() + starts_[system];
    window += at[0];
    window_weight += at[1];
    if (count == 0 || !(at[2] > 0)) continue;
    field += at[2] * score_of(at + kHead, count, at[2]);
    field_weight += at[2];
  }
  return {quotient(window, window_weight), quotient(field, field_weight)};
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
