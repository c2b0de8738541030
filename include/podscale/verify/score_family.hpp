#pragma once
// A family of scores beside the sums of ScoreAccumulator: histograms, spectra, events. It sees one time after
// another, adds up over ranks, and says what goes into scores.nc and scores.txt.

#include <span>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/verify/field_scores.hpp"

namespace podscale {

/// A dimension of scores.nc with its coordinate variable.
struct ScoreAxis {
  std::string name, units, long_name;
  std::vector<double> values;
};

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
};

/// Not collective. Sizes of the dimensions of a variable of `section`; "system" has `systems`. Our own bug
/// where they do not hold its values.
std::vector<std::size_t> shape_of(const ScoreVariable& variable, const ScoreSection& section,
                                  std::size_t systems);

/// Fields of one time, [points] each.
struct ScoredTime {
  long time;                        ///< of the period
  std::span<const double> weights;  ///< 0: the point does not enter (land, cloud, a system without a value)
  std::span<const Forecast> forecasts;  ///< one per system
  std::span<const float> truth;         ///< degC
  std::span<const float> climatology;   ///< degC, HR
};

class ScoreFamily {
 public:
  virtual ~ScoreFamily() = default;
  /// Not collective. One time, on exactly one rank.
  virtual void add(const ScoredTime& fields) = 0;
  /// Collective, once, after the last add. What section() says is the same bits at any number of ranks.
  virtual void reduce(const Communicator& comm) = 0;
  /// Not collective, after reduce().
  virtual ScoreSection section() const = 0;
};

}  // namespace podscale
