#pragma once
// The condition c_p of a patch: LR anomalies of the cells that it overlaps plus a halo, at some time lags
// (method: section 2.4).

#include <span>
#include <vector>

#include "podscale/field/low_resolution.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// One box of LR cells for every patch, row by row, one box a lag:
///
///     halo 1, patch of one LR cell         slot = (lag * box_y + row) * box_x + column
///     . . . . .
///     . 6 7 8 .     Cells outside of the LR grid or on land have no value: their slot is 0 and unused.
///     . 3 P 5 .
///     . 0 1 2 .
///     . . . . .
struct PredictorBox {
  long box_y = 0, box_x = 0;  ///< of the largest patch, halo included
  std::vector<long> lags;     ///< in steps of the LR series
  long slots() const { return box_y * box_x * static_cast<long>(lags.size()); }
};

/// Where a rank finds the predictors of its patches.
class Predictors {
 public:
  /// Collective on comm (the box is that of the largest patch of all). halo: LR cells on each side.
  Predictors(const Communicator& comm, const Basis& basis, long halo, std::vector<long> lags);

  const PredictorBox& box() const { return box_; }
  const Window& source() const { return source_; }  ///< LR cells that this rank reads
  /// LR cell of a slot of a local patch as an index in source(), -1 for an unused slot. [slots() / lags]
  const std::vector<long>& cells(std::size_t patch) const { return cells_[patch]; }
  /// The same as an index in the whole LR grid.
  long grid_cell(long source_cell) const;

 private:
  PredictorBox box_;
  Window source_;
  long lr_nx_;
  std::vector<std::vector<long>> cells_;
};

/// Reads predictors: LR anomalies, K.
class PredictorSeries {
 public:
  /// All arguments must outlive it. climatology: of the cells of the whole LR grid, degC.
  PredictorSeries(const LowResolution& lr, const Basis& basis, const Predictors& predictors,
                  const Climatology& climatology, const Communicator& comm);
  /// Collective. out: [steps][local patches][slots] K, 0 in unused slots. A lag that leads out of the series
  /// takes its first or last step. Errors: data (a gap in a cell that is ocean in the basis).
  void read(std::span<const long> steps, std::span<float> out) const;

 private:
  const LowResolution* lr_;
  const Basis* basis_;
  const Predictors* predictors_;
  const Climatology* climatology_;
  const Communicator* comm_;
};

/// Collective. The climatology of the LR cells that some patch uses, on the whole LR grid (NaN elsewhere),
/// the same on every rank and at any number of ranks. Reads the LR steps in blocks.
Climatology fit_cell_climatology(const Communicator& comm, const LowResolution& lr, const Basis& basis,
                                 const Predictors& predictors, std::span<const long> steps, int harmonics,
                                 long block);

}  // namespace podscale
