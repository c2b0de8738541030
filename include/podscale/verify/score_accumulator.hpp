#pragma once
// Scores of a period whose rows and times are dealt over ranks: a rank adds its rows of its times,
// one time after another; no series of fields is ever held.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/verify/score_family.hpp"
#include "podscale/verify/ssim.hpp"

namespace podscale {

/// Time means per point of one system, [own points] float64, NaN where no time entered.
struct ScoreMaps {
  std::vector<double> rmse, bias;
  std::vector<double> deviation;  ///< mean standard deviation; empty for deterministic systems
};

class ScoreAccumulator {
 public:
  /// Not collective, but the same arguments on all ranks, save those of rows. ocean: [own points];
  /// times: of the whole period; data_range: of the truth over the whole period (for PSNR and
  /// SSIM); units: of the fields; rows: none: the whole region; middle: of the values, about which
  /// SSIM takes its moments.
  ScoreAccumulator(const Mesh& mesh, std::vector<unsigned char> ocean, std::vector<VerifiedSystem> systems,
                   long times, double data_range, const std::string& units = "1",
                   const SsimWindow& window = {}, const std::optional<ScoredRows>& rows = {},
                   double middle = 0);

  /// Not collective, the same on all ranks, before the first add: more scores of the same points
  /// and times.
  void add_family(std::unique_ptr<ScoreFamily> family) {
    family->set_rows(rows_);
    families_.push_back(std::move(family));
  }

  /// Not collective. Area of the own points, 0 on land.
  const std::vector<double>& area() const { return area_; }
  /// Not collective. One time, its rows on exactly one rank each. forecasts: one per system, in
  /// their order; truth: NaN where missing. All systems are scored on the same points: weights is
  /// what point_weights() says. These are [held points], climatology and variances [own points] or
  /// more. lost: own points that were left out.
  void add(long time, std::span<const double> weights, std::span<const Forecast> forecasts,
           std::span<const float> truth, std::span<const float> climatology, long lost);
  /// Collective on the ranks of the rows, after add() of a time.
  void close(long time);
  /// Both, for rows of which nothing is held beyond the own ones.
  void add(long time, std::span<const Forecast> forecasts, std::span<const float> truth,
           std::span<const float> climatology);

  /// Collective, once, after the last add. Sums of a strip and time are exact over ranks (all but
  /// one term are zero), they add up in the order of the strips, and totals in that of time: they
  /// are the same bits at any number of ranks. Maps, of ranks that own the same rows (peers), may
  /// differ by rounding.
  void reduce(const Communicator& comm, const Communicator& peers);
  void reduce(const Communicator& comm) { reduce(comm, comm); }

  // After reduce(). Not collective.
  Scores total(std::size_t system) const;
  Scores at(long time, std::size_t system) const;  ///< one time
  FieldSums sums_at(long time, std::size_t system) const;
  const ScoreMaps& maps(std::size_t system) const { return maps_[system]; }

  std::vector<ScoreSection> sections() const;  ///< of the families, in the order of add_family

  const Mesh& mesh() const { return mesh_; }
  const std::vector<unsigned char>& ocean() const { return ocean_; }  ///< [own points]
  const ScoredRows& rows() const { return rows_; }
  long ocean_points() const { return ocean_points_; }  ///< of the region, after reduce()
  const std::vector<VerifiedSystem>& systems() const { return systems_; }
  long times() const { return times_; }
  double data_range() const { return data_range_; }
  const ScoreUnits& units() const { return units_; }
  /// Points (times) with a truth that were left out: a system has no value there.
  long lost() const { return lost_; }

 private:
  Mesh mesh_;
  ScoredRows rows_;
  std::vector<unsigned char> ocean_;
  std::vector<double> area_;
  std::vector<VerifiedSystem> systems_;
  long times_;
  double data_range_, middle_;
  ScoreUnits units_;
  SsimWindow window_;
  TimeSums sums_;                  // [systems] FieldSums a time
  std::vector<ScoreMaps> maps_;    // [systems]: sums until reduce(), then means
  std::vector<double> map_count_;  // [points] times that entered
  long lost_ = 0, ocean_points_ = 0;
  std::vector<std::unique_ptr<ScoreFamily>> families_;
};

/// Smallest and largest valid truth on ocean seen so far.
class DataRange {
 public:
  /// Not collective. ocean, field: [points]; NaN is skipped.
  void add(std::span<const unsigned char> ocean, std::span<const float> field);
  /// Collective. Largest minus smallest over all ranks; 0 if there was no value.
  double reduce(const Communicator& comm);
  /// Not collective, after reduce(): between the two, 0 if there was no value.
  double middle() const { return high_ > low_ ? 0.5 * (low_ + high_) : 0; }

 private:
  double low_ = 1e300, high_ = -1e300;
};

}  // namespace podscale
