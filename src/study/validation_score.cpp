#include "podscale/study/validation_score.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/gaussian/start_noise.hpp"
#include "podscale/stat/ensemble.hpp"
#include "podscale/stat/normal.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

std::vector<StepPair> spread(const std::vector<StepPair>& pairs, long times) {
  std::vector<StepPair> chosen;
  const long n = std::ssize(pairs), count = std::min(times, n);
  for (long i = 0; i < count; ++i) chosen.push_back(pairs[(2 * i + 1) * n / (2 * count)]);
  return chosen;
}

ValidationSubset::ValidationSubset(const Communicator& comm, const LatentSpace& space,
                                   const StudySeries& study, const std::vector<StepPair>& pairs, int members,
                                   std::uint64_t seed, bool head, const Inflation& inflation, long block,
                                   Gaps gaps)
    : comm_(&comm),
      space_(&space),
      study_(&study),
      pairs_(pairs),
      block_(times_at_once(space, block)),
      plan_{members, members},
      head_(head),
      inflation_(inflation),
      gaps_(gaps) {
  const ConditionSeries conditions = conditions_of(space, study.lr, comm);
  for_blocks(pairs.size(), block_, [&](std::size_t first, std::size_t count) {
    const auto part = conditions.read(lr_steps(pairs_from(first, count)));
    condition_.insert(condition_.end(), part.begin(), part.end());
  });
  const SampleAxis& axis = study.lr.times();
  for (const StepPair& pair : pairs) {
    const std::size_t step = pair.b;
    year_phase_.push_back(static_cast<float>(space.basis().year_phase(axis, step)));
    time_key_.push_back(axis.time_key(step));
  }
  if (space.reference().stands_alone()) base_scores_ = scores(untrained_network(seed, space.layout(comm)));
}

std::vector<StepPair> ValidationSubset::pairs_from(std::size_t first, std::size_t count) const {
  const auto part = std::span(pairs_).subspan(first, count);
  return {part.begin(), part.end()};
}

double ValidationSubset::score(const NetworkFunctions& network) const {
  const auto found = scores(network);
  const std::size_t n = found.size();
  const double mean = std::accumulate(found.begin(), found.end(), 0.0) / static_cast<double>(n);
  if (base_scores_.empty()) return mean;
  const double base = std::accumulate(base_scores_.begin(), base_scores_.end(), 0.0) / static_cast<double>(n);
  const int blocks = static_cast<int>(std::min<std::size_t>(n, 24));
  double error = 0;  // sum of squared deviations of the block means
  for (int b = 0; b < blocks; ++b) {
    const Share share = share_of(static_cast<long>(n), blocks, b);
    double difference = 0;
    for (long t = share.begin; t < share.end; ++t)
      difference += (found[t] - base_scores_[t]) / static_cast<double>(share.size());
    error += std::pow(difference - (mean - base), 2);
  }
  return mean + (blocks > 1 ? std::sqrt(error / (blocks - 1) / blocks) : 0.0);
}

std::vector<double> ValidationSubset::scores(const NetworkFunctions& network) const {
  const Basis& basis = space_->basis();
  const std::size_t times = pairs_.size(), n = basis.points(), width = condition_.size() / times;
  std::vector<double> sums(2 * times, 0.0), truth;
  for_blocks(times, block_, [&](std::size_t first, std::size_t count) {
    const auto steps = hr_steps(pairs_from(first, count));
    truth.resize(n * count);
    read_anomalies(study_->hr, basis, *comm_, steps, truth, gaps_);
    const ForecastRequest request{std::span(condition_).subspan(first * width, count * width),
                                  std::span(year_phase_).subspan(first, count),
                                  std::span(time_key_).subspan(first, count)};
    // value(point): the score there.
    const auto add = [&](std::size_t t, const auto& value) {
      for (const PatchModes& patch : basis.patches.mine)
        for (const long point : patch.points) {
          const std::size_t i = point;
          if (std::isnan(truth[t * n + i])) continue;
          const double weight = basis.area_weight(i);
          sums[first + t] += weight * value(i, truth[t * n + i]);
          sums[times + first + t] += weight;
        }
    };
    if (head_) {
      const auto forecasts = head_forecast(*comm_, *space_, network.head)(request, inflation_);
      std::vector<double> mean(n), variance(n);
      for (std::size_t t = 0; t < count; ++t) {
        decode_anomaly(basis, forecasts[t], inflation_.truncation, mean, variance);
        add(t, [&](std::size_t i, double u) { return gaussian_crps(mean[i], variance[i], u); });
      }
      return;
    }
    const auto latents = sample_members(*comm_, *space_, plan_, network.sample, request, inflation_);
    const std::size_t m = plan_.members;
    std::vector<double> members(n * m), at_point(m);
    for (std::size_t t = 0; t < count; ++t) {
      std::vector<double> a;
      for (std::size_t i = 0; i < m; ++i) {
        const auto member = member_coefficients(*space_, latents, t, static_cast<int>(i),
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
  comm_->sum(std::span(sums));
  std::vector<double> means;
  for (std::size_t t = 0; t < times; ++t)
    if (sums[times + t] > 0) means.push_back(sums[t] / sums[times + t]);  // a time may have no truth at all
  return means;
}

}  // namespace podscale
