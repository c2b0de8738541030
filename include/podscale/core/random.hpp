#pragma once
// Counter-based random numbers: a value is a pure function of (seed, stream, counter), so noise is
// the same bits on any rank, in any order. Philox 4x32-10 of Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011.

#include <array>
#include <cstdint>
#include <span>

namespace podscale {

/// Not collective. One block of the Philox 4x32-10 bijection.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// What the numbers are for: two purposes never share a counter.
enum class Stream : std::uint32_t {
  sampler = 1,
  ancestral,
  training_noise,
  training_time,
  shuffle,
  weights,
  ocean,
  test,  ///< for tests and benchmarks, whose numbers no program draws
  start_vector,
  dropout,
  gaps,        ///< draws of what an HR series with gaps lacks
  coherent,    ///< start noise that persists in time
  truncation,  ///< of members: what the modes leave out
  history,
  training_regime  ///< what a training sample is told of
};

class CounterRandom {
 public:
  CounterRandom(std::uint64_t seed, Stream stream);
  /// Uniform in (0, 1) for counter (a, b, c, d); never 0 or 1.
  double uniform(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0, std::uint32_t d = 0) const;
  /// 64 random bits of counter (a, b).
  std::uint64_t integer(std::uint32_t a, std::uint32_t b = 0) const;
  /// out[i] ~ N(0, 1) independent, by Box-Muller; element i of counter (a, b, c) does not depend
  /// on out.size(). from: number of the first element, to fill a part.
  void fill_normal(std::span<float> out, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0,
                   std::size_t from = 0) const;
  void fill_normal(std::span<double> out, std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0) const;

  /// Noise of a member, below 2^17, at a time (SampleAxis::time_key) and a step of the sampler,
  /// below 2^20: the counters hold the realization above the member, the second of the hour above
  /// the step.
  void fill_noise(std::span<float> out, std::uint64_t time_key, std::uint32_t member, std::uint32_t step = 0,
                  std::size_t from = 0) const {
    fill_normal(out, static_cast<std::uint32_t>(time_key),
                member ^ static_cast<std::uint32_t>(time_key >> 44) << 17,
                step | static_cast<std::uint32_t>(time_key >> 32) << 20, from);
  }

 private:
  std::array<std::uint32_t, 2> key_;
};

}  // namespace podscale
