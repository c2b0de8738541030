#pragma once
// The level of the variance where truth arrives with a delay: each value's variance is scaled by
// its recent squared standardised errors, shrunk to the region's and that to 1 (method: section
// 2.10):
//
//   F   = (k + sum_s mean_i q_i(s)) / (k + n)            q = error^2 / variance, s the days of the window
//   f_i = (k F + sum_s q_i(s)) / (k + n_i)
//
// Nothing here knows files.

#include <deque>
#include <span>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

struct RunningOptions {
  double window = 20;  ///< days that count
  double delay = 5;    ///< days after which a truth may be used
  double prior = 20;   ///< pseudo-days, of the region towards 1 and of a point towards the region
};

class RunningVariance {
 public:
  /// Not collective. weights: of the area, [channels][values of a rank]; 0 on land.
  /// values_of_grid: of a channel, over all ranks. comm must outlive it.
  RunningVariance(const Communicator& comm, RunningOptions options, std::vector<double> weights,
                  long channels, long values_of_grid);

  /// A forecast, in single precision as it is stored; `square` instead of both once its truth is
  /// known. Day: of its valid time, from any fixed one.
  struct Record {
    double day = 0;
    std::vector<float> mean, variance;  ///< [values]
    std::vector<float> square;          ///< q, NaN where there was no truth
    std::vector<double> region;         ///< [channels] mean of q over the region, NaN: no truth
    bool known = false;                 ///< truth has come, on all ranks alike
  };
  const std::deque<Record>& records() const { return records_; }
  /// The last day whose record was forgotten because no later day needs it; -1e300: none.
  double forgotten() const { return forgotten_; }

  /// Not collective. What this first day of a run needs is kept through so many days, the window
  /// and the delay, that the run can be made again. Without it only what later days need.
  void start_run(double day) { run_start_ = day; }

  // In the order of days.
  /// Collective. What a file held: behind all that is there; and what it had forgotten.
  void restore(Record record);
  void restore_forgotten(double day) { forgotten_ = day; }
  /// Not collective. The forecast of a day, without the factors; in place of one that was there.
  void add(double day, std::span<const double> mean, std::span<const double> variance);
  /// Not collective. Days of forecasts whose truth a forecast of `day` may use and that lack it.
  std::vector<double> wanted(double day) const;
  /// Collective. The truth of such a day, NaN where there is none.
  void set_truth(double day, std::span<const float> truth);
  /// Collective, the same day on all ranks. f: [values], 1 on land. Forgets what no later day
  /// needs, and what is of this day or later.
  std::vector<double> factors(double day);

 private:
  void judge(Record& record);
  const Communicator* comm_;
  RunningOptions options_;
  std::vector<double> weights_;
  std::size_t channels_;
  long values_of_grid_;
  std::deque<Record> records_;
  double forgotten_ = -1e300, run_start_ = 1e300;
};

}  // namespace podscale
