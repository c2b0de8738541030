#pragma once
// How gaps in HR are filled, in a file beside the modes that were made with it: a run that goes on
// from these fills them as the first one did.

#include <optional>
#include <string>

#include "podscale/study/basis_file.hpp"
#include "podscale/study/hr_gaps.hpp"

namespace podscale {

/// Not collective; what it returns is. basis (with modes) and model, of which all is set, must
/// outlive it.
BasisExtras hr_gap_extras(const Communicator& comm, const Basis& basis, const HrGapModel& model);
/// Collective. Of what they put.
double hr_gap_bytes(const Communicator& comm, const Basis& basis, const HrGapModel& model);

/// Collective, on any number of ranks. options: as those of the run that fitted it. std::nullopt:
/// the file was written without. Errors: data, io.
std::optional<HrGapModel> read_hr_gaps(const Communicator& comm, const StudyOptions& options,
                                       const Basis& basis, const std::string& path);

}  // namespace podscale
