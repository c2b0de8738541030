#pragma once
// A family of scores beside the sums of ScoreAccumulator: histograms, spectra, events. It sees one
// time after another, adds up over ranks, and says what goes into scores.nc and scores.txt.

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/verify/field_scores.hpp"
#include "podscale/verify/score_units.hpp"
#include "podscale/verify/scored_rows.hpp"
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

/// A variable of scores.nc. dims: axes of the same section, or "system"; none for a scalar.
/// values: row-major, NaN where undefined.
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

/// Fields of one time on the rows that this rank holds, [points] each, and the strip of them that
/// is scored. Of the points beyond the rank's own rows there are weights, truth, means and
/// members.
struct ScoredTime {
  long time;                        ///< of the period
  std::span<const double> weights;  ///< 0: the point does not enter (land, cloud, a system without a value)
  std::span<const Forecast> forecasts;  ///< one per system
  std::span<const float> truth;         ///< in the units of the product
  std::span<const float> climatology;   ///< likewise, HR
  std::span<const FieldSums> sums{};    ///< one per system: field_sums() of the points of the strip
  long strip = 0;                       ///< of this rank
  Share points{0,
               std::numeric_limits<long>::max()};  ///< of the strip, among those held; no more than there are

  std::size_t first() const { return static_cast<std::size_t>(points.begin); }
  std::size_t end() const { return std::min(weights.size(), static_cast<std::size_t>(points.end)); }
};

class ScoreFamily {
 public:
  virtual ~ScoreFamily() = default;
  /// Not collective, before the first add. The rows of this rank; the whole region where it is not
  /// called.
  virtual void set_rows(const ScoredRows& rows) {
    rows_ = rows;
    sums_.split(std::ssize(rows.strips), rows.ranks);
  }
  /// Not collective. One strip of one time, on exactly one rank.
  virtual void add(const ScoredTime& fields) = 0;
  /// Collective on the ranks of the rows, once all strips of a time have been added.
  void close(long time) { sums_.close(time); }
  /// Collective, once, after the last add. peers: those with the same rows. What section() says is
  /// the same bits at any number of ranks.
  virtual void reduce(const Communicator& comm, const Communicator& peers) {
    static_cast<void>(peers);
    sums_.reduce(comm);
  }
  void reduce(const Communicator& comm) { reduce(comm, comm); }
  /// Not collective, after reduce().
  virtual ScoreSection section(const ScoreUnits& units) const = 0;

 protected:
  /// Not collective, but the same arguments on all ranks. width: sums a time.
  ScoreFamily(std::vector<VerifiedSystem> systems, long times, std::size_t width)
      : systems_(std::move(systems)), sums_(times, width) {}
  /// Not collective. Of a strip's time, to be added to.
  std::span<double> sums_of(const ScoredTime& fields) { return sums_.at(fields.time, fields.strip); }
  /// Not collective. Row of the region that is the first of the fields.
  long first_row() const { return rows_ ? rows_->own().begin : 0; }
  /// Not collective. work(y0) for windows of `size` rows that begin in the strip, every `step`
  /// rows of the region; y0: row of the fields.
  template <class Work>
  void for_windows(const ScoredTime& fields, long nx, long size, long step, const Work& work) const {
    const long first = static_cast<long>(fields.first()) / nx, end = static_cast<long>(fields.end()) / nx,
               rows = std::ssize(fields.weights) / nx;
    for (long y0 = (first_row() + first + step - 1) / step * step - first_row();
         y0 < end && y0 + size <= rows; y0 += step)
      work(y0);
  }
  std::vector<VerifiedSystem> systems_;
  TimeSums sums_;
  std::optional<ScoredRows> rows_;  // nothing: the whole region
};

}  // namespace podscale
