#include "podscale/study/encoded_period.hpp"

#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

EncodedPeriod encode_period(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                            const std::vector<StepPair>& samples, long block) {
  const Basis& basis = space.basis();
  const SampleAxis& axis = study.lr.times();
  const ConditionSeries conditions = conditions_of(space, study.lr, comm);
  EncodedPeriod period;
  period.samples = samples;
  const std::size_t local = basis.patches.mine.size() * samples.size();
  period.coefficients.reserve(local * static_cast<std::size_t>(basis.modes));
  period.conditions.reserve(local * static_cast<std::size_t>(conditions.width()));
  const auto hr = hr_steps(samples), lr = lr_steps(samples);
  for_blocks("encoding", samples.size(), block, [&](std::size_t first, std::size_t count) {
    const auto a = read_coefficients(study.hr, basis, comm, std::span(hr).subspan(first, count));
    period.coefficients.insert(period.coefficients.end(), a.begin(), a.end());
    const auto c = conditions.read(std::span(lr).subspan(first, count));
    period.conditions.insert(period.conditions.end(), c.begin(), c.end());
  });
  for (const long step : lr) {
    period.year_phase.push_back(basis.year_phase(axis, static_cast<std::size_t>(step)));
    period.time_key.push_back(axis.time_key(static_cast<std::size_t>(step)));
  }
  return period;
}

}  // namespace podscale
