#pragma once
// The two series of a study, and the steps of its periods.

#include <string>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/field/low_resolution.hpp"
#include "podscale/pod/basis.hpp"

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

}  // namespace podscale
