#pragma once
// An LR source that is applied in place of the one that trained: a model, another analysis. It is
// told by its own anomalies, with the variance of the training source (doc/method.md: 7).

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "podscale/field/cf_source.hpp"
#include "podscale/study/attributes.hpp"
#include "podscale/study/lr_statistics.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/slow_part.hpp"
#include "podscale/study/variance_match.hpp"

namespace podscale {

/// An LR source as the basis takes its training source: on the same mesh, the training climatology
/// plus the fast part of its own anomaly, scaled to the training variance. What comes after
/// (conditions, gaps, the watch over values far outside of the training) is as for the training
/// source. Realizations have one climatology and one variance, of all of them together, since they
/// are of one model: what sets them apart stays. The slow part of each is its own.
class AppliedSource final : public FieldSource {
 public:
  struct Matching {
    Adapt adapt = Adapt::variance;
    double signal_years = 10;           ///< 0: no slow part
    std::vector<std::string> period{};  ///< first and last day of its climatology
    bool with_signal = false;           ///< read() adds the slow part again
  };
  /// Collective on the source's communicator. lr: on the LR mesh of the basis, which must outlive
  /// this; training: of that source, with quantiles for Adapt::quantile. steps: all that read()
  /// and signal() will be asked for. The same bits at any number of ranks. Errors: data (a
  /// reference period that holds no step or determines no climatology).
  AppliedSource(std::shared_ptr<const FieldSource> lr, const Basis& basis, LrStatistics training,
                Matching matching, std::span<const long> steps);

  const Communicator& comm() const override { return lr_->comm(); }
  const Mesh& mesh() const override { return basis_->lr_mesh; }
  const SampleAxis& times() const override { return lr_->times(); }
  const std::vector<Variable>& variables() const override { return lr_->variables(); }
  std::string describe() const override { return lr_->describe(); }
  std::string where(long step, idx_t channel) const override { return lr_->where(step, channel); }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  /// Not collective. The slow part of a step, which read() leaves out: [channels][points of the LR
  /// mesh].
  std::vector<float> signal(long step) const;
  bool has_signal() const { return matching_.signal_years > 0; }
  const Matching& matching() const { return matching_; }
  /// Not collective. Attributes of a product that say what was done.
  Attributes attributes() const;

 private:
  double matched(double fast, std::size_t value, double own, double ratio) const;
  void take_slow_parts(std::span<const long> steps);
  /// The slow part of the realization that a step is of.
  struct Slow {
    const SlowPart* part;  // nullptr: there is none
    SlowPart::Place place;
    double value(std::size_t at) const { return part ? part->value(place, at) : 0; }
  };
  Slow slow(long step) const;
  std::shared_ptr<const FieldSource> lr_;
  const Basis* basis_;
  LrStatistics training_, own_;
  Matching matching_;
  VarianceMatch match_;
  struct Realization {
    std::shared_ptr<const FieldSource> series;
    SlowPart slow;
  };
  std::vector<Realization> realizations_;
  std::vector<std::pair<std::size_t, long>> place_of_;  // of each step: its realization, and the step there
};

/// The applied source of a study.
struct AppliedSeries {
  std::shared_ptr<const FieldSource> files;  ///< as it is, on its own mesh
  std::vector<long> reference, steps;        ///< of its climatology; of the period
  std::shared_ptr<const AppliedSource> lr;   ///< on the LR mesh of the basis
};
/// Collective on comm, which must outlive the result, as the basis must. data.apply_files as &data
/// says, with the steps of the period that all `required` lags are there for. period: empty: all.
/// lags, ages: what else is read for a step, as far as it is there. with_signal: the slow part
/// stays in what is read. Errors as CfSource::open, judge_values, Remapped and AppliedSource;
/// usage (data.apply_reference is needed).
AppliedSeries open_applied(const Communicator& comm, const DataOptions& options,
                           std::shared_ptr<FieldCache> cache, const Basis& basis, const std::string& basis_path,
                           const Period& period, std::span<const long> lags, std::span<const long> required,
                           std::span<const double> ages, bool with_signal = false);

}  // namespace podscale
