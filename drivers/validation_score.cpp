#include "validation_score.hpp"

#include <algorithm>

#include "podscale/pod/anomaly.hpp"
#include "podscale/verify/ensemble.hpp"
#include "podscale/verify/gaussian.hpp"

namespace podscale {

std::vector<StepPair> spread(const std::vector<StepPair>& pairs, long times) {
  std::vector<StepPair> chosen;
  const long n = static_cast<long>(pairs.size()), count = std::min(times, n);
  for (long i = 0; i < count; ++i)
    chosen.push_back(pairs[static_cast<std::size_t>((2 * i + 1) * n / (2 * count))]);
  return chosen;
}

ValidationSubset::ValidationSubset(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                                   const std::vector<StepPair>& pairs, int members, bool head,
                                   const Inflation& inflation)
    : comm_(&comm), space_(&space), plan_{members, members}, head_(head), inflation_(inflation) {
  const Basis& basis = space.basis();
  truth_.resize(static_cast<std::size_t>(basis.window.points()) * pairs.size());
  read_anomalies(study.hr, basis, comm, hr_steps(pairs), truth_);
  condition_ = ConditionSeries(study.lr, basis, space.base(), comm).read(lr_steps(pairs));
  const TimeAxis& axis = study.hr.times();
  for (const StepPair& pair : pairs) {
    const std::size_t step = static_cast<std::size_t>(pair.a);
    year_phase_.push_back(static_cast<float>(year_fraction(axis.calendar, axis.dates[step])));
    time_key_.push_back(axis.hour_key(step));
  }
}

double ValidationSubset::score(const NetworkFunctions& network) const {
  return head_ ? head_score(network) : ensemble_score(network);
}

template <class Value>
double ValidationSubset::mean_over_points(const Value& value) const {
  const Basis& basis = space_->basis();
  double sums[2] = {};
  for (std::size_t t = 0; t < year_phase_.size(); ++t) {
    const auto at_point = value(t);
    for (const PatchModes& patch : basis.patches.mine)
      for (const long point : patch.points) {
        const double weight = basis.grid.area_weight(basis.window.y0 + point / basis.window.nx,
                                                     basis.window.x0 + point % basis.window.nx);
        sums[0] += weight * at_point(static_cast<std::size_t>(point));
        sums[1] += weight;
      }
  }
  comm_->sum(std::span(sums));
  return sums[0] / sums[1];
}

double ValidationSubset::head_score(const NetworkFunctions& network) const {
  const Basis& basis = space_->basis();
  const auto forecasts =
      head_forecast(*comm_, *space_, network.head)({condition_, year_phase_, time_key_}, inflation_);
  const std::size_t n = static_cast<std::size_t>(basis.window.points());
  std::vector<double> mean(n), variance(n);
  const std::vector<double> zero(n, 0.0);
  return mean_over_points([&](std::size_t t) {
    decode_forecast(basis, forecasts[t], inflation_.truncation, zero, mean, variance);
    return [&, t](std::size_t i) { return gaussian_crps(mean[i], variance[i], truth_[t * n + i]); };
  });
}

double ValidationSubset::ensemble_score(const NetworkFunctions& network) const {
  const Basis& basis = space_->basis();
  const ForecastRequest request{condition_, year_phase_, time_key_};
  const auto latents = sample_members(*comm_, *space_, plan_, network.sample, request, inflation_);
  const std::size_t n = static_cast<std::size_t>(basis.window.points()), k = static_cast<std::size_t>(basis.modes),
                    m = static_cast<std::size_t>(plan_.members), width = condition_.size() / year_phase_.size();
  std::vector<double> members(n * m), at_point(m);
  return mean_over_points([&](std::size_t t) {
    std::fill(members.begin(), members.end(), 0.0);
    for (std::size_t i = 0; i < m; ++i) {
      const auto a = member_coefficients(*space_, latents, t, static_cast<int>(i),
                                         std::span<const float>(condition_).subspan(t * width, width));
      for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
        const PatchModes& patch = basis.patches.mine[p];
        add_modes(patch, a.data() + p * k, members.data() + i * n);
      }
    }
    return [&, t](std::size_t i) {
      for (std::size_t j = 0; j < m; ++j) at_point[j] = members[j * n + i];
      return fair_crps(at_point, truth_[t * n + i]);
    };
  });
}

}  // namespace podscale
