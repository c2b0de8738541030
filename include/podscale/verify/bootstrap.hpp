#pragma once
// Confidence intervals for the difference between two systems, by resampling blocks of time.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/verify/score_accumulator.hpp"

namespace podscale {

struct BootstrapOptions {
  int samples = 1000;  ///< 0: no intervals
  long block = 1;      ///< steps of a block
  std::uint64_t seed = 1;
  double level = 0.95;
};

struct Interval {
  double estimate = 0, low = 0, high = 0;  ///< low and high NaN: no interval
};

/// Fewer blocks than this in a period say nothing of its spread: no interval then.
inline constexpr long fewest_blocks = 5;

/// Not collective. Steps of a block of `days` on this axis: days over the median step, rounded, at
/// least 1.
long block_steps(const SampleAxis& times, double days);

/// Not collective. Whether blocks of `days` are single steps of a series of a day or more a step:
/// neighbouring times are then resampled as if they were independent, and intervals are too
/// narrow.
bool blocks_are_single_steps(const SampleAxis& times, double days);

/// Not collective. The times of one resample: blocks of `block` consecutive times from random
/// starts, past the last time comes the first; cut to `times`. Circular block bootstrap: Politis &
/// Romano (1992), in Exploring the Limits of Bootstrap, Wiley, 263-270. A function of (seed,
/// sample) alone.
std::vector<long> circular_resample(long times, long block, std::uint64_t seed, std::uint32_t sample);

/// Not collective. Percentile interval (Efron & Tibshirani 1993, chapter 13) of a statistic of the
/// times; estimate: of the times as they are. All statistics see the same resamples, so
/// differences are paired.
Interval bootstrap(long times, const BootstrapOptions& options,
                   const std::function<double(std::span<const long>)>& statistic);

/// Not collective. "circular block bootstrap over time: 1000 samples, ...": for text and
/// attributes.
std::string bootstrap_method(const BootstrapOptions& options);

struct PairedDifference {
  std::size_t other;    ///< first system minus this one
  Interval rmse, crps;  ///< the CRPS of a deterministic system is its MAE
};
/// Not collective, after ScoreAccumulator::reduce. Of the first system against every other one,
/// from the sums a time that the accumulator keeps: the same bits at any number of ranks.
std::vector<PairedDifference> paired_differences(const ScoreAccumulator& scores,
                                                 const BootstrapOptions& options);

/// Not collective. rmse_difference, crps_difference(system, bound), bound = estimate, low, high.
ScoreSection difference_section(const ScoreAccumulator& scores, const BootstrapOptions& options);

}  // namespace podscale
