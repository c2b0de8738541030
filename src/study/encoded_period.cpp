#include "podscale/study/encoded_period.hpp"

#include <algorithm>

#include "podscale/core/stage.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/blocks.hpp"

namespace podscale {

EncodedPeriod encode_period(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                            const std::vector<StepPair>& samples, long block, const GapFiller* gaps) {
  const Stage stage(StageId::encode);
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
    const auto append = [](std::vector<float>& to, const std::vector<float>& part) {
      to.insert(to.end(), part.begin(), part.end());
    };
    if (gaps) {
      const FilledFields filled = gaps->fill(std::span(samples).subspan(first, count), true);
      append(period.coefficients, folded_to_coefficients(basis, filled.mean, static_cast<long>(count)));
      append(period.drawn, folded_to_coefficients(basis, filled.drawn, static_cast<long>(count)));
      append(period.seen, filled.seen);
    } else {
      append(period.coefficients, read_coefficients(study.hr, basis, comm, std::span(hr).subspan(first, count)));
    }
    const auto c = conditions.read(std::span(lr).subspan(first, count));
    period.conditions.insert(period.conditions.end(), c.begin(), c.end());
  });
  for (const long step : lr) {
    period.year_phase.push_back(basis.year_phase(axis, static_cast<std::size_t>(step)));
    period.time_key.push_back(axis.time_key(static_cast<std::size_t>(step)));
  }
  return period;
}

void append_time(EncodedPeriod& period, const EncodedPeriod& from, std::size_t t, std::size_t local) {
  const auto append = [](std::vector<float>& to, std::span<const float> part) {
    to.insert(to.end(), part.begin(), part.end());
  };
  period.samples.push_back(from.samples[t]);
  period.year_phase.push_back(from.year_phase[t]);
  period.time_key.push_back(from.time_key[t]);
  append(period.coefficients, from.a(t, 1));
  append(period.conditions, from.c(t, 1));
  if (!from.drawn.empty()) append(period.drawn, from.draw(t, 1));
  if (!from.seen.empty()) append(period.seen, std::span(from.seen).subspan(t * local, local));
}

EncodedPeriod spread(const EncodedPeriod& period, long times, std::size_t local) {
  EncodedPeriod chosen;
  const long n = std::ssize(period), count = std::min(times, n);
  for (long i = 0; i < count; ++i)
    append_time(chosen, period, static_cast<std::size_t>((2 * i + 1) * n / (2 * count)), local);
  return chosen;
}

LatentSpace::Latents latents_of(const Communicator& comm, const LatentSpace& space,
                                const EncodedPeriod& period, std::size_t first, std::size_t count,
                                std::span<const double> year_phase) {
  const long times = static_cast<long>(count);
  auto latents = space.whiten(comm, period.a(first, count), period.c(first, count), times, year_phase);
  if (!period.drawn.empty())
    latents.patch =
        space.whiten(comm, period.draw(first, count), period.c(first, count), times, year_phase).patch;
  return latents;
}

}  // namespace podscale
