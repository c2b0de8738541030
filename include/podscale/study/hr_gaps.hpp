#pragma once
// HR fields with gaps as coefficients need them: folded, and complete in the sense of a
// conditional expectation, given what of the patch is there and the LR series (method: section
// 1.4).

#include <memory>
#include <span>
#include <vector>

#include "podscale/gaussian/gappy_patch.hpp"
#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/options.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Folded anomalies at some times. Where nothing is missing, mean and drawn are the anomalies.
struct FilledFields {
  std::vector<double> mean;   ///< [times][values of a field]
  std::vector<double> drawn;  ///< the same with a draw of what is missing in place of its mean; or empty
  std::vector<float> seen;    ///< [times][local patches] share of the folded values that are there
};

class GapFiller {
 public:
  /// All must outlive it.
  GapFiller(const Communicator& comm, const StudySeries& study, const Basis& basis)
      : comm_(&comm), study_(&study), basis_(&basis) {}
  virtual ~GapFiller() = default;
  GapFiller(const GapFiller&) = delete;
  GapFiller& operator=(const GapFiller&) = delete;
  /// Collective. draw: also a draw, a function of patch and time. covariance (optional): [local
  /// patches] each [values x values] column-major, to whose lower triangles the conditional
  /// covariances are added.
  FilledFields fill(std::span<const StepPair> pairs, bool draw,
                    std::vector<std::vector<double>>* covariance = nullptr) const;

 protected:
  /// Collective. What the folded anomalies are expected to be from LR alone: [pairs][values of a
  /// field].
  virtual std::vector<double> means(std::span<const StepPair> pairs) const = 0;
  virtual const PatchGaussian& gaussian(std::size_t patch) const = 0;
  const Communicator& comm() const { return *comm_; }
  const StudySeries& study() const { return *study_; }
  const Basis& basis() const { return *basis_; }

 private:
  const Communicator* comm_;
  const StudySeries* study_;
  const Basis* basis_;
};

/// What podscale-basis fits to a training series with gaps, before there are modes.
struct HrGapModel {
  Predictors predictors;          ///< LR cells
  Climatology cells;              ///< of them, whole LR mesh
  std::vector<GappyFit> patches;  ///< [local patches] of the folded anomaly less the interpolated LR one
  /// [local patches] each [values x values], lower triangles: mean conditional covariance over the
  /// training times. Set by whoever fills them all.
  std::vector<std::vector<double>> missing;
};
/// Collective. Those of the base, where there is one. Of basis: all but modes.
Predictors hr_gap_predictors(const Communicator& comm, const StudyOptions& options, const Basis& basis);
/// Collective. Of basis: all but modes. At most some thousand times of the pairs are used, spread
/// evenly. Errors: data (a patch with too few values).
HrGapModel fit_hr_gaps(const Communicator& comm, const StudyOptions& options, const StudySeries& study,
                       const Basis& basis, const std::vector<StepPair>& pairs);

/// Not collective. The mean conditional covariance of the coefficients of a basis with modes:
/// [local patches] each [modes x modes].
std::vector<std::vector<double>> missing_coefficients(const Basis& basis, const HrGapModel& model);

/// Collective. All must outlive it.
std::unique_ptr<GapFiller> filler_of(const Communicator& comm, const StudySeries& study, const Basis& basis,
                                     const HrGapModel& model);
/// The same from a basis and a base that were read from a file: N(Phi B c, Phi Sigma Phi^T +
/// diag(tau)).
std::unique_ptr<GapFiller> filler_of(const Communicator& comm, const StudySeries& study,
                                     const LatentSpace& space);

}  // namespace podscale
