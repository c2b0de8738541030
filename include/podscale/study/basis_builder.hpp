#pragma once
// From series to basis: the work of podscale-basis.

#include <optional>

#include "podscale/pod/basis.hpp"
#include "podscale/study/hr_gaps.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Not collective, the same on every rank. Refuses patches that do not fit the grid (data) and an
/// overlap of more than half a patch (usage): what build_basis starts with, for --check.
void require_patches(const StudyOptions& options, const FieldSource& hr);

/// Not collective. The year of the climatologies: stamps serve as phases where they are the same
/// in all pairs of the training period.
StudyYear year_of(const StudySeries& study, const std::vector<StepPair>& pairs);

/// Collective. Masks, climatologies, Gram matrices, modes: all of a basis but condition_scale.
/// Passes over the training series in blocks of grid.time_block steps, of which the first reads
/// the files and the others the memory of the sources, as far as grid.cache_mib goes. gaps
/// (optional): set where HR points that have gaps in the training period are kept
/// (data.least_values). Errors: data.
Basis fit_modes(const Communicator& comm, const StudyOptions& options, const StudySeries& study,
                std::optional<HrGapModel>* gaps = nullptr);

/// Not collective. Root mean square of the projected LR anomaly over the training period, from its
/// conditions, [samples][local patches][C]: of the K of each row that have `behind` others behind
/// them.
void set_condition_scale(Basis& basis, std::span<const float> conditions, long samples, long behind = 0);

/// Collective. Both, for a study without a base.
Basis build_basis(const Communicator& comm, const StudyOptions& options, const StudySeries& study);

}  // namespace podscale
