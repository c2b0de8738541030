#pragma once
// A family of scores beside the sums of ScoreAccumulator: histograms, spectra, events. It sees one
// time after another, adds up over ranks, and says what goes into scores.nc and scores.txt.

#include <span>
#include <string>
#include <vector>

#include "podscale/verify/field_scores.hpp"
#include "podscale/verify/score_units.hpp"
#include "podscale/verify/time_sums.hpp"

namespace podscale {

/// A row of the table: the product or a baseline.
struct VerifiedSystem {
  std::string name;         ///< "podscale"; one word, it becomes a flag meaning in scores.nc
  std::string description;  ///< "bicubic of the LR anomaly + HR climatology"
  bool has_variance = false, has_members = false;
  int spread_members = 0;  ///< that the variance was made from; 0: it comes from elsewhere (head, base)
  int members = 0;         ///< written members
};

/// Not collective. data_range: of the truth over the period, for PSNR.
inline ScoreRules rules_of(const VerifiedSystem& system, double data_range = 0) {
  return {system.has_variance, system.has_members, system.spread_members, data_range};
}

/// Not collective. Width of the column of system names: all tables have the same.
std::size_t name_width(const std::vector<VerifiedSystem>& systems);

/// A dimension of scores.nc with its coordinate variable.
struct ScoreAxis {
  std::string name, units, long_name;
  std::vector<double> values;
};
/// n bins of [0, 1], by their centres.
ScoreAxis bins_of_unity(const std::string& name, const std::string& long_name, std::size_t n);

/// A variable of scores.nc. dims: axes of the same section, or "system"; none for a scalar. values:
/// row-major, NaN where undefined.
struct ScoreVariable {
  std::string name;
  std::vector<std::string> dims;
  std::string units, long_name;
  std::vector<double> values;
  std::string comment = {};  ///< "": none
};

/// What a family has to say.
struct ScoreSection {
  std::vector<ScoreAxis> axes;
  std::vector<ScoreVariable> variables;
  std::string text;  ///< lines for scores.txt, each ends with a newline; "": none

  /// dims: names with a blank between them.
  void add(const std::string& name, const std::string& dims, const std::string& units,
           const std::string& long_name, std::vector<double> values, const std::string& comment = {});
};

/// Fields of one time, [points] each.
struct ScoredTime {
  long time;                        ///< of the period
  std::span<const double> weights;  ///< 0: the point does not enter (land, cloud, a system without a value)
  std::span<const Forecast> forecasts;  ///< one per system
  std::span<const float> truth;         ///< in the units of the product
  std::span<const float> climatology;   ///< likewise, HR
  std::span<const FieldSums> sums{};    ///< one per system: field_sums() of the above
};

class ScoreFamily {
 public:
  virtual ~ScoreFamily() = default;
  /// Not collective. One time, on exactly one rank.
  virtual void add(const ScoredTime& fields) = 0;
  /// Collective, once, after the last add. What section() says is the same bits at any number of
  /// ranks.
  void reduce(const Communicator& comm) { sums_.reduce(comm); }
  /// Not collective, after reduce().
  virtual ScoreSection section(const ScoreUnits& units) const = 0;

 protected:
  /// Not collective, but the same arguments on all ranks. width: sums a time.
  ScoreFamily(std::vector<VerifiedSystem> systems, long times, std::size_t width)
      : systems_(std::move(systems)), sums_(times, width) {}
  std::vector<VerifiedSystem> systems_;
  TimeSums sums_;
};

}  // namespace podscale
