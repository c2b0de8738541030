#include "podscale/study/validation_score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "podscale/gaussian/start_noise.hpp"
#include "podscale/stat/ensemble.hpp"
#include "podscale/stat/normal.hpp"
#include "podscale/parallel/exact_sum.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

std::vector<StepPair> spread(const std::vector<StepPair>& pairs, long times) {
  std::vector<StepPair> chosen;
  const long n = std::ssize(pairs), count = std::min(times, n);
  for (long i = 0; i < count; ++i) chosen.push_back(pairs[(2 * i + 1) * n / (2 * count)]);
  return chosen;
}

ValidationSubset::ValidationSubset(const Communicator& comm, const StudySeries& study,
                                   std::vector<Part> parts, int members, std::uint64_t seed, bool head,
                                   long block, Gaps gaps, bool exchange_halos)
    : comm_(&comm),
      study_(&study),
      parts_(std::move(parts)),
      block_(block),
      plan_{members, members},
      head_(head),
      gaps_(gaps) {
  plan_.exchange_halos = exchange_halos;
  std::vector<std::tuple<bool, long, std::size_t, std::size_t>> order;  // history, HR step, part, time of it
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    place_.emplace_back(parts_[part].period.size());
    const bool history = parts_[part].space->reference().given.has_history();
    if (!history) without_history_ += place_.back().size();
    for (std::size_t t = 0; t < place_.back().size(); ++t)
      order.emplace_back(history, parts_[part].period.samples[t].a, part, t);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [history, step, part, t] : order) place_[part][t] = times_++;
  const LatentSpace& space = *parts_.front().space;
  if (space.reference().stands_alone()) base_scores_ = scores(untrained_network(seed, space.layout(comm)));
}

namespace {

/// Times of which the network is kept, or not, together.
struct Group {
  std::vector<double> found, base;
  std::size_t size() const { return found.size(); }
  static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  /// Mean difference to the base plus one standard error of it.
  double loss() const {
    const double all = mean(found) - mean(base);
    const int blocks = static_cast<int>(std::min<std::size_t>(size(), 24));
    double error = 0;  // sum of squared deviations of the block means
    for (int b = 0; b < blocks; ++b) {
      const Share share = share_of(static_cast<long>(size()), blocks, b);
      double difference = 0;
      for (long t = share.begin; t < share.end; ++t)
        difference += (found[t] - base[t]) / static_cast<double>(share.size());
      error += std::pow(difference - all, 2);
    }
    return all + (blocks > 1 ? std::sqrt(error / (blocks - 1) / blocks) : 0.0);
  }
};

}  // namespace

double ValidationSubset::score(const NetworkFunctions& network) const {
  const auto found = scores(network);
  Group all, groups[2];  // without an analysis, with one
  for (std::size_t t = 0; t < found.size(); ++t) {
    if (std::isnan(found[t])) continue;  // a time may have no truth at all
    for (Group* group : {&all, &groups[t < without_history_ ? 0 : 1]}) {
      group->found.push_back(found[t]);
      if (!base_scores_.empty()) group->base.push_back(base_scores_[t]);
    }
  }
  if (base_scores_.empty()) return Group::mean(all.found);
  const bool both = groups[0].size() > 0 && groups[1].size() > 0;
  double loss = 0;
  for (const Group& group : groups)
    if (group.size() > 0)
      loss += static_cast<double>(group.size()) * (both ? std::min(group.loss(), 0.0) : group.loss());
  return Group::mean(all.base) + loss / static_cast<double>(all.size());
}

std::vector<double> ValidationSubset::scores(const NetworkFunctions& network) const {
  // Of each patch, so that what is added up does not depend on who owns it.
  const Basis& basis = parts_.front().space->basis();
  const std::size_t local = basis.patches.mine.size();
  std::vector<double> of_patches(local * 2 * times_, 0.0), means;
  for (std::size_t part = 0; part < parts_.size(); ++part) score_part(part, network, of_patches);
  std::vector<double> unknown(times_, 0.0);  // patches where the network gives no number
  double largest = 0;
  for (std::size_t i = 0; i < of_patches.size(); ++i) {
    if (std::isfinite(of_patches[i])) {
      largest = std::max(largest, std::abs(of_patches[i]));
    } else {
      unknown[i % times_] += 1;
      of_patches[i] = 0;
    }
  }
  ExactSum sum(2 * times_, comm_->max(largest), std::ssize(basis.patches.patch_of_token));
  for (std::size_t p = 0; p < local; ++p)
    sum.add(std::span<const double>(of_patches).subspan(p * 2 * times_, 2 * times_));
  const auto sums = sum.reduce(*comm_, "the validation score");
  comm_->sum(std::span(unknown));
  for (std::size_t t = 0; t < times_; ++t) {
    const double mean = sums[t] / sums[times_ + t];  // NaN without truth; of a network that gives none: infinite
    means.push_back(unknown[t] > 0 ? std::numeric_limits<double>::infinity() : mean);
  }
  return means;
}

/// Adds to score times area, and to area behind it: [local patches][2][times of all parts].
void ValidationSubset::score_part(std::size_t part, const NetworkFunctions& network,
                                  std::span<double> of_patches) const {
  const auto& [of_space, inflation, period] = parts_[part];
  const LatentSpace& space = *of_space;
  const Basis& basis = space.basis();
  const std::size_t n = basis.points(), width = period.conditions.size() / std::max<std::size_t>(1, period.size());
  std::vector<double> truth;
  for_blocks(period.size(), times_at_once(space, block_), [&](std::size_t first, std::size_t count) {
    const auto pairs = std::span(period.samples).subspan(first, count);
    truth.resize(n * count);
    read_anomalies(study_->hr, basis, *comm_, hr_steps({pairs.begin(), pairs.end()}), truth, gaps_);
    std::vector<float> phase;
    for (std::size_t t = first; t < first + count; ++t) phase.push_back(static_cast<float>(period.year_phase[t]));
    const ForecastRequest request{period.c(first, count), phase,
                                  std::span(period.time_key).subspan(first, count)};
    // value(point): the score there.
    const auto add = [&](std::size_t t, const auto& value) {
      const std::size_t at = place_[part][first + t];
      for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
        const auto sums = of_patches.subspan(p * 2 * times_, 2 * times_);
        for (const long point : basis.patches.mine[p].points) {
          const std::size_t i = point;
          if (std::isnan(truth[t * n + i])) continue;
          const double weight = basis.area_weight(i);
          sums[at] += weight * value(i, truth[t * n + i]);
          sums[times_ + at] += weight;
        }
      }
    };
    if (head_) {
      const auto forecasts = head_forecast(*comm_, space, network)(request, inflation);
      std::vector<double> mean(n), variance(n);
      for (std::size_t t = 0; t < count; ++t) {
        decode_anomaly(basis, forecasts[t], inflation.truncation, mean, variance);
        add(t, [&](std::size_t i, double u) { return gaussian_crps(mean[i], variance[i], u); });
      }
      return;
    }
    const auto latents = sample_members(*comm_, space, plan_, network, request, inflation);
    const std::size_t m = plan_.members;
    std::vector<double> members(n * m), at_point(m);
    for (std::size_t t = 0; t < count; ++t) {
      std::vector<double> a;
      for (std::size_t i = 0; i < m; ++i) {
        const auto member = member_coefficients(space, latents, t, static_cast<int>(i),
                                                request.condition.subspan(t * width, width));
        a.insert(a.end(), member.begin(), member.end());
      }
      decode_members(basis, a, static_cast<long>(m), members);
      add(t, [&](std::size_t i, double u) {
        for (std::size_t j = 0; j < m; ++j) at_point[j] = members[j * n + i];
        return fair_crps(at_point, u);
      });
    }
  });
}

}  // namespace podscale
