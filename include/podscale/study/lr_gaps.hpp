#pragma once
// LR cells that lack values now and then (ice, clouds, a bad tile): used where they have values,
// and filled where they have none (doc/method.md: 2.8).

#include <memory>

#include "podscale/field/field_source.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

class Analyses;
class ConditionSeries;
class LatentSpace;
struct TimeInputs;

/// Collective on the source's communicator. The gaps of an LR series at its training steps, said
/// aloud; none where it has no cell with a gap. Cells with a value at fewer than half of the steps
/// stay land.
LrGaps fit_gaps(const FieldSource& lr, std::span<const long> steps, int harmonics, const StudyYear& year);

/// An LR series whose gaps are filled: climatology of the cell plus the weighted mean of the
/// anomalies of the cells within two rows and columns that have values, or plus nothing where none
/// has.
class GapFilled final : public FieldSource {
 public:
  /// Not collective. gaps must outlive it. shifted: adds the standard deviation of the error to
  /// each filled value, to see what the error becomes further on.
  GapFilled(std::shared_ptr<const FieldSource> lr, const LrGaps& gaps, const StudyYear& year,
            bool shifted = false);

  const Communicator& comm() const override { return lr_->comm(); }
  const Mesh& mesh() const override { return lr_->mesh(); }
  const SampleAxis& times() const override { return lr_->times(); }
  const std::vector<Variable>& variables() const override { return lr_->variables(); }
  std::string describe() const override { return lr_->describe(); }
  std::string where(long step, idx_t channel) const override { return lr_->where(step, channel); }
  std::vector<unsigned char> land_mask(const Window& window) const override { return lr_->land_mask(window); }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  /// Collective. Values that are filled at these steps; one warning with their number, if any.
  long count(std::span<const long> steps) const;

 private:
  std::shared_ptr<const FieldSource> lr_;
  const LrGaps* gaps_;
  StudyYear year_;
  bool shifted_;
};

/// Collective. What the error of filled LR cells adds to the variance of each patch, as a factor:
/// 1 + |B d|^2 / tr S_p, where d is what the condition changes by when every filled value is off
/// by its standard deviation: [times][local patches]. conditions, shifted: of the filled series
/// and the shifted. spaces: of all regimes.
std::vector<float> raised_by_gaps(const std::vector<LatentSpace>& spaces, std::span<const float> conditions,
                                  const ConditionSeries& shifted, std::span<const TimeInputs> times,
                                  const Analyses* analyses);

/// Not collective. The series as a basis, which must outlive it, takes it: filled if its training
/// series had gaps.
std::shared_ptr<const FieldSource> with_gaps_filled(std::shared_ptr<const FieldSource> lr, const Basis& basis,
                                                    bool shifted = false);

}  // namespace podscale
