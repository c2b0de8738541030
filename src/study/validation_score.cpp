#include "podscale/study/validation_score.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "podscale/core/random.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/stat/ensemble.hpp"
#include "podscale/stat/normal.hpp"

namespace podscale {
namespace {

/// What a network with zero-initialised outputs returns: its start noise, and N(0, 1).
NetworkFunctions untrained(std::uint64_t seed, const TokenLayout& layout) {
  return {[seed, layout](std::span<const float>, float, std::uint32_t time_key, int first, int count,
                         std::span<float> out, const Temperature& temperature) {
            const CounterRandom random(seed, Stream::sampler);
            const std::size_t size = static_cast<std::size_t>(layout.latent_size()),
                              modes = static_cast<std::size_t>(layout.modes),
                              patches = static_cast<std::size_t>((layout.tokens - layout.global_tokens) *
                                                                 layout.modes);
            for (int m = 0; m < count; ++m) {
              const auto member = out.subspan(static_cast<std::size_t>(m) * size, size);
              random.fill_normal(member, time_key, static_cast<std::uint32_t>(first + m), 0);
              for (std::size_t i = 0; i < size; ++i)
                member[i] *= layout.active[i]
                                 ? (i < patches ? temperature.of_mode(i % modes) : temperature.global)
                                 : 0.0f;
            }
          },
          [](std::span<const float>, float, std::span<float> mean, std::span<float> variance) {
            std::fill(mean.begin(), mean.end(), 0.0f);
            std::fill(variance.begin(), variance.end(), 1.0f);
          }};
}

}  // namespace

std::vector<StepPair> spread(const std::vector<StepPair>& pairs, long times) {
  std::vector<StepPair> chosen;
  const long n = static_cast<long>(pairs.size()), count = std::min(times, n);
  for (long i = 0; i < count; ++i)
    chosen.push_back(pairs[static_cast<std::size_t>((2 * i + 1) * n / (2 * count))]);
  return chosen;
}

ValidationSubset::ValidationSubset(const Communicator& comm, const LatentSpace& space,
                                   const StudySeries& study, const std::vector<StepPair>& pairs, int members,
                                   std::uint64_t seed, bool head, const Inflation& inflation)
    : comm_(&comm), space_(&space), plan_{members, members}, head_(head), inflation_(inflation) {
  const Basis& basis = space.basis();
  truth_.resize(static_cast<std::size_t>(basis.window.points()) * pairs.size());
  read_anomalies(study.hr, basis, comm, hr_steps(pairs), truth_);
  condition_ = conditions_of(space, study.lr, comm).read(lr_steps(pairs));
  const TimeAxis& axis = study.lr.times();
  for (const StepPair& pair : pairs) {
    const std::size_t step = static_cast<std::size_t>(pair.b);
    year_phase_.push_back(static_cast<float>(basis.year_phase(axis, step)));
    time_key_.push_back(axis.hour_key(step));
  }
  if (space.base()) base_scores_ = scores(untrained(seed, space.layout(comm)));
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
      difference += (found[static_cast<std::size_t>(t)] - base_scores_[static_cast<std::size_t>(t)]) /
                    static_cast<double>(share.size());
    error += std::pow(difference - (mean - base), 2);
  }
  return mean + (blocks > 1 ? std::sqrt(error / (blocks - 1) / blocks) : 0.0);
}

std::vector<double> ValidationSubset::scores(const NetworkFunctions& network) const {
  return head_ ? head_scores(network) : ensemble_scores(network);
}

template <class Value>
std::vector<double> ValidationSubset::means_over_points(const Value& value) const {
  const Basis& basis = space_->basis();
  const std::size_t times = year_phase_.size();
  std::vector<double> sums(2 * times, 0.0);
  for (std::size_t t = 0; t < times; ++t) {
    const auto at_point = value(t);
    for (const PatchModes& patch : basis.patches.mine)
      for (const long point : patch.points) {
        const double weight = basis.grid.area_weight(basis.window.y0 + point / basis.window.nx,
                                                     basis.window.x0 + point % basis.window.nx);
        sums[t] += weight * at_point(static_cast<std::size_t>(point));
        sums[times + t] += weight;
      }
  }
  comm_->sum(std::span(sums));
  std::vector<double> means;
  for (std::size_t t = 0; t < times; ++t) means.push_back(sums[t] / sums[times + t]);
  return means;
}

std::vector<double> ValidationSubset::head_scores(const NetworkFunctions& network) const {
  const Basis& basis = space_->basis();
  const auto forecasts =
      head_forecast(*comm_, *space_, network.head)({condition_, year_phase_, time_key_}, inflation_);
  const std::size_t n = static_cast<std::size_t>(basis.window.points());
  std::vector<double> mean(n), variance(n);
  const std::vector<double> zero(n, 0.0);
  return means_over_points([&](std::size_t t) {
    decode_forecast(basis, forecasts[t], inflation_.truncation, zero, mean, variance);
    return [&, t](std::size_t i) { return gaussian_crps(mean[i], variance[i], truth_[t * n + i]); };
  });
}

std::vector<double> ValidationSubset::ensemble_scores(const NetworkFunctions& network) const {
  const Basis& basis = space_->basis();
  const ForecastRequest request{condition_, year_phase_, time_key_};
  const auto latents = sample_members(*comm_, *space_, plan_, network.sample, request, inflation_);
  const std::size_t n = static_cast<std::size_t>(basis.window.points()),
                    m = static_cast<std::size_t>(plan_.members),
                    width = condition_.size() / year_phase_.size();
  std::vector<double> members(n * m), at_point(m);
  return means_over_points([&](std::size_t t) {
    std::vector<double> a;
    for (std::size_t i = 0; i < m; ++i) {
      const auto member = member_coefficients(*space_, latents, t, static_cast<int>(i),
                                              std::span<const float>(condition_).subspan(t * width, width));
      a.insert(a.end(), member.begin(), member.end());
    }
    decode_coefficients(basis, a, static_cast<long>(m), members);
    return [&, t](std::size_t i) {
      for (std::size_t j = 0; j < m; ++j) at_point[j] = members[j * n + i];
      return fair_crps(at_point, truth_[t * n + i]);
    };
  });
}

}  // namespace podscale
