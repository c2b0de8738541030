#pragma once
// What a product that was told of an HR analysis has to beat: the analysis itself, and the
// analysis plus the change of the LR field since.

#include <memory>
#include <optional>
#include <vector>

#include "podscale/core/age_finder.hpp"
#include "podscale/field/field_source.hpp"
#include "podscale/pod/basis.hpp"
#include "podscale/verify/baselines.hpp"

namespace podscale {

/// Fields of one time on the window of the basis, [points], in the units of the sources.
struct AnalysisFields {
  std::vector<float> persistence;  ///< anomaly of the analysis on the HR climatology of the time
  std::vector<float> change;       ///< the same, and the change of the interpolated LR anomaly
};

class AnalysisBaselines {
 public:
  /// Not collective. analyses, lr and past (the LR series at the times of the analyses, lr itself
  /// where that holds them): of one channel, on the communicator of the basis; `basis`,
  /// `baselines` (of past) and these must outlive it.
  AnalysisBaselines(const FieldSource& analyses, const FieldSource& lr, const FieldSource& past,
                    const Basis& basis, Baselines& baselines, long channel);
  /// Collective on that communicator. Of an LR step whose product was told of an analysis of that
  /// age, days; NaN: of none. Without one, or without its LR step, both are the interpolated LR
  /// anomaly of `time`, what baselines.read gave.
  void read(long lr_step, double age, double year_fraction, const BaselineFields& time,
            AnalysisFields& fields);

 private:
  const FieldSource &analyses_, &lr_;
  const Basis& basis_;
  Baselines& baselines_;
  Climatology climatology_;
  AgeFinder of_analyses_, of_lr_;
};

}  // namespace podscale
