#pragma once
// What the base and the network are told of a time, from the LR series: one row of numbers a patch.

#include <memory>
#include <span>
#include <vector>

#include "podscale/core/pairing.hpp"
#include "podscale/gaussian/predictors.hpp"
#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/anomaly.hpp"

namespace podscale {

/// Predictors: LR anomalies over the scale of their channel.
class PredictorSeries {
 public:
  /// All arguments must outlive it. climatology: of the cells of the whole LR mesh,
  /// [terms][channels][points].
  PredictorSeries(const FieldSource& lr, const Basis& basis, const Predictors& predictors,
                  const Climatology& climatology, const Communicator& comm);
  /// Collective. out: [steps][local patches][slots], 0 in unused slots, from fields that are in
  /// memory: needed_steps(steps) on a window that holds source(). Lags are
  /// times: all must be there (LagFinder). Errors: data (a gap in a cell that is ocean in the basis).
  void take(const LrFields& fields, std::span<const long> steps, std::span<float> out) const;
  const Window& source() const { return predictors_->source(); }
  /// Ascending, each once.
  std::vector<long> needed_steps(std::span<const long> steps) const;

 private:
  long lagged(long step, long lag) const;
  const FieldSource* lr_;
  const Basis* basis_;
  const Predictors* predictors_;
  const Climatology* climatology_;
  const Communicator* comm_;
  LagFinder finder_;
};

/// Collective. The climatology of the LR cells that some patch uses, on the whole LR mesh (NaN
/// elsewhere), the same on every rank and at any number of ranks. Reads the LR steps in blocks.
Climatology fit_cell_climatology(const Communicator& comm, const FieldSource& lr, const Basis& basis,
                                 const Predictors& predictors, std::span<const long> steps, int harmonics,
                                 long block);

/// The LR anomaly interpolated to the HR grid and projected on the patch's modes: K values; before
/// them the LR cells that the reference forecast asks for (Predictors), if any.
class ConditionSeries {
 public:
  /// Collective on comm. All arguments must outlive it. Errors as InterpolatedSeries.
  ConditionSeries(const FieldSource& lr, const Basis& basis, const ReferenceForecast& reference,
                  const Communicator& comm);
  long width() const { return width_; }  ///< C, values a patch
  /// Collective. [steps][local patches][C]. Cells and interpolated fields come from one reading
  /// of the LR source. Errors: data (gaps).
  std::vector<float> read(std::span<const long> steps) const;
  /// Not collective. All that is read for these steps, lags included: ascending, each once.
  std::vector<long> needed_steps(std::span<const long> steps) const;

 private:
  const FieldSource* lr_;
  const Basis* basis_;
  long slots_, width_;
  std::unique_ptr<PredictorSeries> predictors_;
  InterpolatedSeries interpolated_;
};

/// Collective on comm. What reads the conditions of a latent space; space, lr and comm must outlive
/// it.
ConditionSeries conditions_of(const LatentSpace& space, const FieldSource& lr, const Communicator& comm);

}  // namespace podscale
