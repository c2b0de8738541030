#pragma once
// What the base and the network are told of a time, from the LR series: one row of numbers a
// patch.

#include <memory>
#include <optional>
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
  /// times (LagFinder); slots of one that is not there are 0. Errors: data (a gap in a cell that
  /// is ocean in the basis).
  void take(const LrFields& fields, std::span<const long> steps, std::span<float> out) const;
  const Window& source() const { return predictors_->source(); }
  /// Ascending, each once.
  std::vector<long> needed_steps(std::span<const long> steps) const;

 private:
  std::optional<long> lagged(long step, long lag) const { return finder_.find(step, lag); }
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

class Analyses;

/// What one time is forecast from.
struct TimeInputs {
  long step = 0;           ///< of the LR series
  std::size_t regime = 0;  ///< of the reference forecast
  double age = 0;          ///< of the analysis, days; 0: none
  long then = -1;          ///< LR step at the time of the analysis, of the past series where there is one
  long analysis = -1;      ///< step of the analyses
};

/// The LR anomaly interpolated to the HR grid and projected on the patch's modes: K values; before
/// them the LR cells that the reference forecast asks for (Predictors), if any.
class ConditionSeries {
 public:
  /// Collective on comm. All arguments must outlive it. past: the LR series at the times of the
  /// analyses; nullptr: lr itself. Errors as InterpolatedSeries.
  ConditionSeries(const FieldSource& lr, const Basis& basis, const ReferenceForecast& reference,
                  const Communicator& comm, const FieldSource* past = nullptr);
  long width() const { return width_; }  ///< C, values a patch
  /// Collective. [steps][local patches][C]. Cells and interpolated fields come from one reading
  /// of the LR source. Errors: data (gaps).
  std::vector<float> read(std::span<const long> steps) const;
  /// Collective. The same of times that are told less, or of an HR analysis, too. analyses: those
  /// that the times name; nullptr: none.
  std::vector<float> read(std::span<const TimeInputs> times, const Analyses* analyses) const;
  /// Not collective. All that is read for these steps, lags included: ascending, each once.
  std::vector<long> needed_steps(std::span<const long> steps) const;

 private:
  const FieldSource *lr_, *past_;
  const Basis* basis_;
  const ReferenceForecast* reference_;
  ConditionLayout layout_;
  long width_;
  std::unique_ptr<Predictors> at_once_;  // without lags
  std::unique_ptr<PredictorSeries> predictors_, then_;
  InterpolatedSeries interpolated_;
};

/// Not collective. Turns the row of a time that was told all it can be of LR into that of its
/// regime: other lags become 0, analysis (its coefficients, [K]) and age are put in.
void tell(const ReferenceForecast& reference, const ConditionLayout& layout, const TimeInputs& time,
          std::span<const float> analysis, std::span<float> row);

/// Collective on comm. What reads the conditions of a latent space; space, lr, comm and past must
/// outlive it.
ConditionSeries conditions_of(const LatentSpace& space, const FieldSource& lr, const Communicator& comm,
                              const FieldSource* past = nullptr);

}  // namespace podscale
