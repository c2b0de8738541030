#pragma once
// Scores of a period whose times are dealt over ranks: a rank adds whole fields of its own times,
// one time after another; no series of fields is ever held.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/verify/score_family.hpp"
#include "podscale/verify/ssim.hpp"

namespace podscale {

/// Time means per point of one system, [ny*nx] float64, NaN where no time entered.
struct ScoreMaps {
  std::vector<double> rmse, bias;
  std::vector<double> deviation;  ///< mean standard deviation; empty for deterministic systems
};

class ScoreAccumulator {
 public:
  /// Not collective, but the same arguments on all ranks. ocean: [ny*nx]; times: of the whole
  /// period; data_range: of the truth over the whole period (for PSNR and SSIM); units: of the
  /// fields.
  ScoreAccumulator(const Mesh& mesh, std::vector<unsigned char> ocean, std::vector<VerifiedSystem> systems,
                   long times, double data_range, const std::string& units = "1",
                   const SsimWindow& window = {});

  /// Not collective, the same on all ranks, before the first add: more scores of the same points
  /// and times.
  void add_family(std::unique_ptr<ScoreFamily> family) { families_.push_back(std::move(family)); }

  /// Not collective. One time, on exactly one rank. forecasts: one per system, in their order;
  /// truth, climatology: [ny*nx], NaN where missing. All systems are scored on the same points (see
  /// point_weights).
  void add(long time, std::span<const Forecast> forecasts, std::span<const float> truth,
           std::span<const float> climatology);

  /// Collective, once, after the last add. Sums per time are exact over ranks (all but one term are
  /// zero), and totals are formed in the order of time: they are the same bits at any number of
  /// ranks. Maps may differ by rounding.
  void reduce(const Communicator& comm);

  // After reduce(). Not collective.
  Scores total(std::size_t system) const;
  Scores at(long time, std::size_t system) const;  ///< one time
  const FieldSums& sums_at(long time, std::size_t system) const { return sums_[index(time, system)]; }
  const ScoreMaps& maps(std::size_t system) const { return maps_[system]; }

  std::vector<ScoreSection> sections() const;  ///< of the families, in the order of add_family

  const Mesh& mesh() const { return mesh_; }
  const std::vector<unsigned char>& ocean() const { return ocean_; }
  const std::vector<VerifiedSystem>& systems() const { return systems_; }
  long times() const { return times_; }
  double data_range() const { return data_range_; }
  const ScoreUnits& units() const { return units_; }
  /// Points (times) with a truth that were left out: a system has no value there.
  long lost() const { return lost_; }

 private:
  std::size_t index(long time, std::size_t system) const { return time * systems_.size() + system; }

  Mesh mesh_;
  std::vector<unsigned char> ocean_;
  std::vector<VerifiedSystem> systems_;
  long times_;
  double data_range_;
  ScoreUnits units_;
  SsimWindow window_;
  std::vector<FieldSums> sums_;    // [times][systems]
  std::vector<ScoreMaps> maps_;    // [systems]: sums until reduce(), then means
  std::vector<double> map_count_;  // [points] times that entered
  long lost_ = 0;
  std::vector<std::unique_ptr<ScoreFamily>> families_;
};

/// Smallest and largest valid truth on ocean seen so far.
class DataRange {
 public:
  /// Not collective. ocean, field: [points]; NaN is skipped.
  void add(std::span<const unsigned char> ocean, std::span<const float> field);
  /// Collective. Largest minus smallest over all ranks; 0 if there was no value.
  double reduce(const Communicator& comm) const;

 private:
  double low_ = 1e300, high_ = -1e300;
};

}  // namespace podscale
