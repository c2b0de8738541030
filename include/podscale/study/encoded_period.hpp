#pragma once
// A period as the base and the network see it: read once, encoded once, in memory from then on.
// That is (modes + conditions) / points of the fields themselves.

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/hr_gaps.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

struct EncodedPeriod {
  std::vector<StepPair> samples;       ///< steps of the two sources
  std::vector<float> coefficients;     ///< a: [samples][local patches][K]
  std::vector<float> conditions;       ///< c: [samples][local patches][C]
  /// Where HR has gaps, a is a conditional mean; these are a draw in its place, whose variance is
  /// that of complete fields, and the share of the values of a patch that are there:
  /// [samples][local patches]. Both empty without gaps.
  std::vector<float> drawn, seen;
  std::vector<double> year_phase;      ///< [samples] in [0, 1), of the LR times: all that a forecast has
  std::vector<std::uint64_t> time_key; ///< [samples], of the LR times: what random numbers hang on

  std::size_t size() const { return samples.size(); }
  /// Of `count` samples from `first`.
  std::span<const float> a(std::size_t first, std::size_t count) const {
    return part(coefficients, first, count);
  }
  /// Draws, or a where there are none.
  std::span<const float> draw(std::size_t first, std::size_t count) const {
    return part(drawn.empty() ? coefficients : drawn, first, count);
  }
  /// Of a sample and a patch.
  double share_seen(std::size_t sample, std::size_t patch) const {
    return seen.empty() ? 1 : static_cast<double>(seen[sample * (seen.size() / size()) + patch]);
  }
  std::span<const float> c(std::size_t first, std::size_t count) const {
    return part(conditions, first, count);
  }

 private:
  std::span<const float> part(const std::vector<float>& rows, std::size_t first, std::size_t count) const {
    const std::size_t width = rows.size() / std::max<std::size_t>(1, size());
    return std::span(rows).subspan(first * width, count * width);
  }
};

/// Not collective. Adds time t of another period. local: patches of this rank.
void append_time(EncodedPeriod& period, const EncodedPeriod& from, std::size_t t, std::size_t local);
/// Not collective. `times` of the period, evenly spread.
EncodedPeriod spread(const EncodedPeriod& period, long times, std::size_t local);

/// Collective. Reads both sources once, in blocks of `block` samples. gaps (optional): fills HR
/// fields that have some. Errors: data (gaps).
EncodedPeriod encode_period(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                            const std::vector<StepPair>& samples, long block, const GapFiller* gaps = nullptr);

/// Collective. Latents of `count` samples from `first`: those of patches from draws, which have
/// the variance of complete fields; global ones from the means, as those that the covariance was
/// made of (draws of patches know nothing of each other). year_phase: of these samples, or empty.
LatentSpace::Latents latents_of(const Communicator& comm, const LatentSpace& space,
                                const EncodedPeriod& period, std::size_t first, std::size_t count,
                                std::span<const double> year_phase = {});

}  // namespace podscale
