#pragma once
// The condition c_p of a patch: LR anomalies of the cells that it overlaps plus a halo, at some time lags
// (method: section 2.4).

#include <span>
#include <vector>

#include "podscale/pod/basis.hpp"

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
  Predictors() = default;  ///< none: no slots
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
  Window source_{};
  long lr_nx_ = 0;
  std::vector<std::vector<long>> cells_;
};

}  // namespace podscale
