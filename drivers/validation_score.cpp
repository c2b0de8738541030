#include "validation_score.hpp"

#include <algorithm>

#include "podscale/pod/anomaly.hpp"
#include "podscale/pod/token_series.hpp"
#include "podscale/verify/ensemble.hpp"

namespace podscale {

ValidationSubset::ValidationSubset(const Communicator& comm, const Basis& basis, const StudySeries& study,
                                   const std::vector<StepPair>& pairs, long times, int members)
    : comm_(&comm), basis_(&basis), plan_{members, members} {
  std::vector<StepPair> chosen;
  const long n = static_cast<long>(pairs.size()), count = std::min(times, n);
  for (long i = 0; i < count; ++i)
    chosen.push_back(pairs[static_cast<std::size_t>((2 * i + 1) * n / (2 * count))]);
  truth_.resize(static_cast<std::size_t>(basis.window.points() * count));
  read_anomalies(study.hr, basis, comm, hr_steps(chosen), truth_);
  const InterpolatedSeries condition(study.lr, basis, comm);
  condition_ = encode_condition(basis, condition, lr_steps(chosen));
  const TimeAxis& axis = study.hr.times();
  for (const StepPair& pair : chosen) {
    const std::size_t step = static_cast<std::size_t>(pair.a);
    year_phase_.push_back(static_cast<float>(year_fraction(axis.calendar, axis.dates[step])));
    time_key_.push_back(axis.hour_key(step));
  }
}

double ValidationSubset::score(const SampleFunction& sample) const {
  const auto tokens = sample_ensemble(*comm_, *basis_, plan_, sample, condition_, year_phase_, time_key_);
  const EnsembleDecoder decoder(*basis_, plan_);
  const std::size_t n = static_cast<std::size_t>(basis_->window.points()),
                    m = static_cast<std::size_t>(plan_.members);
  const std::size_t width = tokens.size() / year_phase_.size();
  const std::vector<double> no_climatology(n, 0.0);
  std::vector<double> members(n * m), at_point(m);
  double sums[2] = {};
  for (std::size_t t = 0; t < year_phase_.size(); ++t) {
    for (std::size_t k = 0; k < m; ++k)
      decoder.member(std::span(tokens).subspan(t * width, width), static_cast<int>(k), no_climatology,
                     std::span(members).subspan(k * n, n));
    for (const PatchModes& patch : basis_->patches.mine)
      for (const long point : patch.points) {
        const std::size_t i = static_cast<std::size_t>(point);
        for (std::size_t k = 0; k < m; ++k) at_point[k] = members[k * n + i];
        const long row = basis_->window.y0 + point / basis_->window.nx,
                   column = basis_->window.x0 + point % basis_->window.nx;
        const double weight = basis_->grid.area_weight(row, column);
        sums[0] += weight * fair_crps(at_point, truth_[t * n + i]);
        sums[1] += weight;
      }
  }
  comm_->sum(std::span(sums));
  return sums[0] / sums[1];
}

}  // namespace podscale
