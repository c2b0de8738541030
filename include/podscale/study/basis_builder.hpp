#pragma once
// From series to basis: the work of podscale-basis.

#include <vector>

#include "podscale/field/low_resolution.hpp"
#include "podscale/config/namelist.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// The two series of a study and the steps that belong to a period in both.
struct StudySeries {
  Series hr;
  LowResolution lr;
};
/// Collective on comm, which must outlive the result. Errors as Series::open.
StudySeries open_study(const Communicator& comm, const Namelist& namelist);

/// Collective. The pairs (HR step, LR step) of a period that is a key of the namelist, as "data.train".
/// Errors: usage (no dates), data (no common date: says which dates each source has).
std::vector<StepPair> steps_of_period(const Series& hr, const LowResolution& lr, const Namelist& namelist,
                                      const std::string& key);
/// The same for the LR source alone.
std::vector<long> lr_steps_of_period(const LowResolution& lr, const Namelist& namelist,
                                     const std::string& key);
/// First or second steps of pairs.
std::vector<long> hr_steps(const std::vector<StepPair>& pairs);
std::vector<long> lr_steps(const std::vector<StepPair>& pairs);

/// Not collective. Phases of the year of pairs, in [0, 1).
std::vector<double> year_phases(const Basis& basis, const StudySeries& study,
                                const std::vector<StepPair>& pairs);

/// Not collective, the same on every rank. Refuses patches that do not fit the grid (data) and an overlap of
/// more than half a patch (usage): what build_basis starts with, for --check.
void require_patches(const Namelist& namelist, const Series& hr);

/// Collective. Masks, climatologies, Gram matrices, modes, condition scales: three passes over the HR
/// training series and three over the LR one, in blocks of grid.time_block steps; memory is independent of
/// their length. Errors: data.
Basis build_basis(const Communicator& comm, const Namelist& namelist, const StudySeries& study);

}  // namespace podscale
