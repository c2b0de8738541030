#pragma once
// From series to basis: the work of podscale-basis.

#include "podscale/config/namelist.hpp"
#include "podscale/pod/basis.hpp"
#include "podscale/study/series.hpp"

namespace podscale {

/// Not collective, the same on every rank. Refuses patches that do not fit the grid (data) and an overlap of
/// more than half a patch (usage): what build_basis starts with, for --check.
void require_patches(const Namelist& namelist, const FieldSource& hr);

/// Collective. Masks, climatologies, Gram matrices, modes, condition scales: three passes over the HR
/// training series and three over the LR one, in blocks of grid.time_block steps; memory is independent of
/// their length. Errors: data.
Basis build_basis(const Communicator& comm, const Namelist& namelist, const StudySeries& study);

}  // namespace podscale
