#pragma once
// The two series of a study, and the steps of its periods.

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/pairing.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/pod/basis.hpp"
#include "podscale/study/lr_gaps.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

/// The HR series as &data names it (hr_files, hr_variable, mask_*), and the truth (truth_files, or
/// else hr_files): one for each variable. Errors: usage (lists that don't fit each other).
std::vector<CfSpec> hr_specs(const DataOptions& options);
std::vector<CfSpec> truth_specs(const DataOptions& options);

/// Collective on comm, which must outlive the result. The LR side alone, in the units of a basis
/// and turned to its LR mesh; nullptr: in those of the HR files, which are opened for it.
/// data.lr_source = 'files': data.lr_files; 'coarsen': block means of data.hr_files by
/// data.coarsen_factor. cache (optional): for the files. Errors as CfSource::open and Coarsened.
std::shared_ptr<const FieldSource> open_lr(const Communicator& comm, const DataOptions& options,
                                           std::shared_ptr<FieldCache> cache = nullptr,
                                           const Basis* basis = nullptr);
/// The same of data.apply_files, in the units of the basis, on their own mesh.
std::shared_ptr<const FieldSource> open_applied_files(const Communicator& comm, const DataOptions& options,
                                                      std::shared_ptr<FieldCache> cache, const Basis& basis);

/// Collective on comm, which must outlive the result. The truth, in the units of a basis and
/// turned to its mesh. Errors: as CfSource::open, and data for another mesh.
std::shared_ptr<const FieldSource> open_truth(const Communicator& comm, const DataOptions& options,
                                              const Basis& basis);

/// The HR analyses of &history: one for each variable. Errors as hr_specs.
std::vector<CfSpec> history_specs(const DataOptions& options, const HistoryOptions& history);
/// Collective on comm, which must outlive the result. The HR analyses of &history, on the mesh of
/// a basis and in its units. Errors as CfSource::open, and data (another mesh).
std::shared_ptr<const FieldSource> open_history(const Communicator& comm, const DataOptions& options,
                                                const HistoryOptions& history,
                                                std::shared_ptr<FieldCache> cache, const Mesh& mesh,
                                                const std::vector<Variable>& variables);
/// Collective on comm, which must outlive the result. The LR series of history.lr_files, which
/// hold the times of the analyses, as data.lr_files are read; one series. Errors as open_lr.
std::shared_ptr<const FieldSource> open_past_lr(const Communicator& comm, const DataOptions& options,
                                                const std::vector<std::string>& files,
                                                std::shared_ptr<FieldCache> cache, const Basis& basis);

/// The two sources of a study.
struct StudySeries {
  StudySeries(std::shared_ptr<const FieldSource> of_hr, std::shared_ptr<const FieldSource> of_lr)
      : hr(*of_hr), lr(*of_lr), owners_{std::move(of_hr), std::move(of_lr)} {}
  /// The same with the gaps of LR filled; gaps must outlive it.
  StudySeries filled(const LrGaps& gaps, const StudyYear& year) const {
    if (gaps.empty()) return *this;
    return {owners_[0], std::make_shared<const GapFilled>(owners_[1], gaps, year)};
  }
  const FieldSource &hr, &lr;

 private:
  std::shared_ptr<const FieldSource> owners_[2];
};
/// Collective on comm, which must outlive the result. Both keep what they read, up to
/// grid.cache_mib a rank; with data.lr_source = 'coarsen' they share one reading of the files.
/// basis (optional): periodic meshes that begin elsewhere than its own are turned to them. Errors
/// as CfSource::open, Coarsened, check_geometry and require_mask_of_data.
StudySeries open_study(const Communicator& comm, const DataOptions& options, const Basis* basis = nullptr);

/// Collective on comm. Error(data) where no HR point lies in an LR cell, or where the LR cells are
/// smaller than those of HR; a warning, with the share, where LR covers a part of HR.
void check_geometry(const Communicator& comm, const FieldSource& hr, const FieldSource& lr);

/// Collective. The pairs (HR step, LR step) of a period, as counted_pairs makes them, that all
/// lags are there for. Errors: usage (no dates), data (no common date: says which dates each
/// source has).
std::vector<StepPair> steps_of_period(const FieldSource& hr, const FieldSource& lr, const Period& period,
                                      std::span<const long> lags = {}, bool aloud = true);
/// The same for the LR source alone. step: what a lag counts, as the basis says.
std::vector<long> lr_steps_of_period(const FieldSource& lr, const Period& period, std::span<const long> lags = {},
                                     const StepLength& step = {});
/// Collective. judge_values of both sources at all pairs of these parts, and judge_ranges of LR
/// files against HR, as data.doubts says.
void judge_study(const DataOptions& options, const StudySeries& study,
                 std::initializer_list<std::span<const StepPair>> parts);
/// First or second steps of pairs.
std::vector<long> hr_steps(const std::vector<StepPair>& pairs);
std::vector<long> lr_steps(const std::vector<StepPair>& pairs);

/// Not collective. Phases of the year of pairs, in [0, 1).
std::vector<double> year_phases(const Basis& basis, const StudySeries& study,
                                const std::vector<StepPair>& pairs);

}  // namespace podscale
