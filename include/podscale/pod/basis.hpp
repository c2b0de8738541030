#pragma once
// The basis of a region: everything linear and fixed that turns its fields into tokens and back.

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/core/calendar.hpp"
#include "podscale/mesh/grid.hpp"
#include "podscale/mesh/regrid.hpp"
#include "podscale/parallel/communicator.hpp"
#include "podscale/parallel/decomposition.hpp"
#include "podscale/pod/climatology.hpp"
#include "podscale/pod/codec.hpp"
#include "podscale/pod/lapping.hpp"
#include "podscale/pod/modes.hpp"
#include "podscale/pod/token_layout.hpp"

namespace podscale {

/// What every rank knows of the region, and this rank's part of the basis. Fields are on the rank's window.
struct Basis {
  Basis(Grid grid, long patch_y, long patch_x, int ranks, int rank)
      : grid(std::move(grid)),
        decomposition(this->grid.ny(), this->grid.nx(), patch_y, patch_x, ranks),
        window(decomposition.window_of(rank)),
        patch_y(patch_y),
        patch_x(patch_x) {}

  Grid grid;
  Decomposition decomposition;
  Window window;
  long patch_y, patch_x;
  std::vector<unsigned char> ocean;  ///< [window points]
  Grid lr_grid;
  std::vector<unsigned char> lr_ocean;  ///< [whole LR grid]
  Interpolation interpolation = Interpolation::bicubic;
  Climatology hr_climatology,
      lr_climatology;  ///< degC, on the window; the second of the LR source interpolated to HR
  int modes = 0;       ///< K
  bool shared = false;
  bool monthly = false;  ///< HR and LR steps of the training series were paired by month
  long samples = 0;      ///< training times
  Lapping lapping;       ///< how patches overlap; modes and tau belong to the folded field
  Patches patches;
  std::vector<double> condition_scale;  ///< [local patches][K] K
  std::vector<double> tau;              ///< [window points] K2, truncation variance of the folded field
  std::string effective_namelist;

  /// Explained share of the variance, over all patches. Collective.
  double explained(const Communicator& comm) const;
  /// Collective. The tokens of the region, the same on every rank; condition values per token = K.
  TokenLayout layout(const Communicator& comm) const;
  /// Collective. Of grid, mask, climatologies and modes; independent of the number of ranks.
  std::uint64_t checksum(const Communicator& comm) const;
  /// Collective. Makes patches overlap by so many points on each side of a border; ocean must be set.
  void overlap_patches(const Communicator& comm, long overlap) {
    lapping = Lapping(comm, decomposition, grid, ocean, overlap);
  }
  /// Not collective. Phase of the climatologies at a step of any series or product of the study. One choice
  /// for all: a product of one time cannot tell that its source was monthly.
  double year_phase(const TimeAxis& axis, std::size_t step) const {
    return podscale::year_phase(axis, step, monthly);
  }
  Codec codec() const { return {patches.mine, modes, window.points()}; }
};

}  // namespace podscale
