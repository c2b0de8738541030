#include "podscale/pod/token_series.hpp"

#include <algorithm>

#include "podscale/base/log.hpp"
#include "podscale/pod/basis_builder.hpp"

namespace podscale {

std::vector<long> local_tokens(const Basis& basis) {
  std::vector<long> tokens;
  for (const PatchModes& patch : basis.patches.mine) tokens.push_back(patch.token);
  return tokens;
}

std::vector<float> encode_condition(const Basis& basis, const InterpolatedSeries& condition,
                                    std::span<const long> steps) {
  const Codec codec = basis.codec();
  std::vector<double> anomalies(static_cast<std::size_t>(basis.window.points()) * steps.size());
  condition.read_anomalies(steps, anomalies);
  std::vector<float> tokens(static_cast<std::size_t>(codec.tokens() * basis.modes) * steps.size());
  codec.encode(anomalies, static_cast<long>(steps.size()), basis.condition_scale, tokens);
  return tokens;
}

TokenSeries encode_period(const Communicator& comm, const Basis& basis, const Series& hr,
                          const LowResolution& lr, const std::vector<StepPair>& pairs, long block) {
  const Codec codec = basis.codec();
  const InterpolatedSeries condition(lr, basis, comm);
  const auto scale = codec.scales();
  const std::size_t width = static_cast<std::size_t>(codec.tokens() * basis.modes);
  std::vector<float> latent(width * pairs.size()), given(width * pairs.size());
  std::vector<double> anomalies;
  Progress progress("encoding", static_cast<long>(pairs.size()), "times");
  for (std::size_t first = 0; first < pairs.size(); first += static_cast<std::size_t>(block)) {
    const std::size_t count = std::min(static_cast<std::size_t>(block), pairs.size() - first);
    const std::vector<StepPair> part(pairs.begin() + static_cast<long>(first),
                                     pairs.begin() + static_cast<long>(first + count));
    anomalies.resize(static_cast<std::size_t>(basis.window.points()) * count);
    read_anomalies(hr, basis, comm, hr_steps(part), anomalies);
    codec.encode(anomalies, static_cast<long>(count), scale,
                 std::span(latent).subspan(width * first, width * count));
    const auto tokens = encode_condition(basis, condition, lr_steps(part));
    std::copy(tokens.begin(), tokens.end(), given.begin() + static_cast<long>(width * first));
    progress.update(static_cast<long>(first + count));
  }
  progress.finish();

  const Transposition transposition(comm, local_tokens(basis),
                                    static_cast<long>(basis.patches.patch_of_token.size()),
                                    static_cast<long>(pairs.size()), basis.modes);
  TokenSeries series;
  series.items = transposition.items();
  const std::size_t size = static_cast<std::size_t>(series.items.size()) *
                           basis.patches.patch_of_token.size() * static_cast<std::size_t>(basis.modes);
  series.latent.resize(size);
  series.condition.resize(size);
  transposition.to_items(latent, series.latent);
  transposition.to_items(given, series.condition);
  for (long i = series.items.begin; i < series.items.end; ++i) {
    const long step = pairs[static_cast<std::size_t>(i)].a;
    series.year_phase.push_back(static_cast<float>(
        year_fraction(hr.times().calendar, hr.times().dates[static_cast<std::size_t>(step)])));
  }
  return series;
}

}  // namespace podscale
