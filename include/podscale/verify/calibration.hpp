#pragma once
// Calibration of the Gaussian forecast: where in its own distribution the truth falls.

#include <array>
#include <span>
#include <vector>

#include "podscale/verify/score_family.hpp"

namespace podscale {

inline constexpr std::size_t pit_bins = 20;
/// Levels of the reliability curve: 0.05, 0.10, ..., 0.95.
inline constexpr std::size_t interval_levels = 19;
constexpr double interval_level(std::size_t k) {
  return 0.05 * static_cast<double>(k + 1);
}

/// Not collective. Departure of a histogram from flatness: sum over bins of |share - 1 / bins|; 0
/// = flat, 2 (1 - 1 / bins) = all in one bin. Delle Monache et al. (2006), J. Geophys. Res. 111,
/// D24307. counts: [bins], any unit; NaN where they add up to nothing.
double reliability_index(std::span<const double> counts);
/// Not collective. counts over their sum; NaN where that is 0.
std::vector<double> shares_of(std::span<const double> counts);

/// PIT histogram (Dawid 1984; Gneiting, Balabdaoui & Raftery 2007, J. R. Stat. Soc. B 69, section
/// 3.1) and reliability curve of the central intervals, area-weighted, for every system with a
/// variance.
class GaussianCalibration : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks.
  GaussianCalibration(std::vector<VerifiedSystem> systems, long times);
  void add(const ScoredTime& fields) override;
  /// pit_histogram(system, pit_bin), pit_reliability_index(system), interval_coverage(system,
  /// interval_level).
  ScoreSection section(const ScoreUnits& units) const override;

  // After reduce(). Not collective.
  std::vector<double> pit_shares(std::size_t system) const;  ///< [pit_bins], sum 1; NaN without a variance
  std::vector<double> coverage(std::size_t system) const;    ///< [interval_levels]; NaN without a variance
  // Sums of a time: [systems][pit_bins + interval_levels + 1]; the last bin: beyond the widest
  // interval.
};

}  // namespace podscale
