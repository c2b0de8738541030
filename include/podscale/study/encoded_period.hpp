#pragma once
// A period as the base and the network see it: read once, encoded once, in memory from then on.
// That is (modes + conditions) / points of the fields themselves.

#include <cstdint>
#include <span>
#include <vector>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

struct EncodedPeriod {
  std::vector<StepPair> samples;       ///< steps of the two sources
  std::vector<float> coefficients;     ///< a: [samples][local patches][K]
  std::vector<float> conditions;       ///< c: [samples][local patches][C]
  std::vector<double> year_phase;      ///< [samples] in [0, 1), of the LR times: all that a forecast has
  std::vector<std::uint64_t> time_key; ///< [samples], of the LR times: what random numbers hang on

  std::size_t size() const { return samples.size(); }
  /// Of `count` samples from `first`.
  std::span<const float> a(std::size_t first, std::size_t count) const {
    return part(coefficients, first, count);
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

/// Collective. Reads both sources once, in blocks of `block` samples. Errors: data (gaps).
EncodedPeriod encode_period(const Communicator& comm, const LatentSpace& space, const StudySeries& study,
                            const std::vector<StepPair>& samples, long block);

}  // namespace podscale
