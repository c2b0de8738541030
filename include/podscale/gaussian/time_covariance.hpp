#pragma once
// How errors persist: the autocorrelation in time of every latent (method: section 4.17),
//
//   rho(lag) = (1 - w) exp(-lag / fast) + w exp(-lag / slow),
//
// that of the sum of two independent AR(1) processes, a fast and a slow one: positive definite
// whatever w, fast and slow are. Or each of the two averaged over two neighbouring cells of the
// time lattice and scaled to variance 1, so that exp(-lag / time) becomes half of itself and of
// the cell before: errors of smooth fields hardly change from one day to the next, which no sum of
// exponentials can. Latents are independent of each other at every lag. What the modes leave out
// has one of its own, the same at all points.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/parallel/communicator.hpp"
#include "podscale/pod/modes.hpp"

namespace podscale {

/// Times fall on a lattice, and those in one of its cells count as one: whole days for steps of a
/// day or more, calendar months for those of months, else the step itself.
struct TimeLattice {
  long seconds = 0;                        ///< of a cell
  bool months = false;                     ///< a cell is a calendar month
  Calendar calendar = Calendar::standard;  ///< of the times, where a cell is a month

  TimeLattice() = default;
  TimeLattice(const StepLength& step, Calendar of_times);
  bool known() const { return months || seconds > 0; }
  /// Number of the cell of a time (SampleAxis::time_key).
  long index(std::uint64_t time_key) const;
  /// Length of a cell in the unit of lags: days, or months.
  double step() const { return months ? 1 : static_cast<double>(seconds) / 86400; }
  const char* unit() const { return months ? "month" : "day"; }
};

/// The autocorrelation above; lags and times in days, or months.
struct TwoScale {
  double slow_weight = 0;     ///< w
  double fast = 0, slow = 0;  ///< 0: no correlation
  double cell = 0;            ///< length of the two cells that are averaged; 0: they are not
  /// A lag of whole cells.
  double at(double lag) const;
};
/// Not collective. That of one of the two processes, at a lag of one cell or more.
double decay_of(double time, double cell, double lag);

struct TimeCovariance {
  TimeLattice lattice;                ///< not known: independent in time
  std::vector<TwoScale> patch;        ///< [local patches][K]
  std::vector<TwoScale> global;       ///< [R], the same on every rank
  TwoScale truncation;                ///< of what the modes leave out
  std::string reason = "not fitted";  ///< what was found, or why there is none
  bool coherent() const { return lattice.known(); }
};
/// Not collective. [4 x scales]: slow_weight, fast, slow, cell of each; and back.
std::vector<double> numbers_of(std::span<const TwoScale> scales);
std::vector<TwoScale> scales_of(std::span<const double> numbers);

/// Collective. Those of all latents of the region, [tokens, global ones last][K], on every rank.
std::vector<TwoScale> scales_of_tokens(const Communicator& comm, const Patches& patches, int modes,
                                       int global_tokens, const TimeCovariance& time);

/// Pairs of times of a series that lie a lag apart, however many times are missing.
struct LagPairs {
  /// Not collective. index: cells of the times on the lattice, ascending. Lags up to 90 days or a
  /// year of months, an eighth of the period at most: all up to ten cells, then about one in
  /// eight; of which there are fewer than 20 pairs is left out.
  LagPairs(std::span<const long> index, const TimeLattice& lattice);
  /// Whether there are lags enough to fit: three.
  bool enough() const { return lags.size() >= 3; }

  struct Pair {
    std::uint32_t first, second;
  };
  std::vector<long> lags;      ///< in cells
  std::vector<double> weight;  ///< of the lag in the fit: the number of lags that it stands for, over the lag
  std::vector<std::vector<Pair>> pairs;  ///< [lags]
};

/// Not collective. sum x_i x_j over the pairs of each lag over their number, and of lag 0: [1 +
/// lags]. series: times `stride` apart in memory.
std::vector<double> autocovariance(const LagPairs& pairs, std::span<const float> series, std::size_t first,
                                   std::size_t stride);
/// Not collective. The two scales that fit an autocovariance best, by least squares over the lags:
/// w in closed form for every pair of candidate times, 0.2 cells to twice the longest lag,
/// averaged over two cells or not. Of a
/// series without variance: no correlation. A fixed order of work: the same bits wherever it runs.
class ScaleFit {
 public:
  ScaleFit(const LagPairs& pairs, const TimeLattice& lattice);
  TwoScale fit(std::span<const double> autocovariance) const;

 private:
  std::vector<double> decay(double time, double cell) const;  // [lags]
  std::vector<double> lags_, weight_, times_;
  std::vector<std::vector<double>> decays_[2];  // not averaged, averaged: [times][lags]
  std::vector<double> by_lag_[2];               // the same, [lags][times]
  double step_;
};

}  // namespace podscale
