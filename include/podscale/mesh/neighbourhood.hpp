#pragma once
// The cells of a coarse mesh that a patch of a fine one is predicted from, in slots that mean the
// same for every patch.

#include <span>
#include <vector>

#include "podscale/mesh/mesh.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Where both meshes have axes of one kind: the cells that overlap the patch, and `halo` more on
/// each side, row by row from (first, first); every patch has the slots of the largest.
///
///     halo 1, patch of one cell      slot = row * columns + column
///     6 7 8
///     3 P 5
///     0 1 2
///
/// On any other pair: the cells nearest to the centre of the patch, nearest first, as many for
/// every patch as the largest needs for its area and the halo (one row of slots). Cells outside of
/// the mesh or on land have no value: their slot is -1.
class Neighbourhood {
 public:
  Neighbourhood() = default;
  /// Collective on comm. coarse_ocean: [coarse.points()]; patches: this rank's, windows of `fine`.
  /// Errors: data (no common space).
  Neighbourhood(const Communicator& comm, const Mesh& coarse, std::span<const unsigned char> coarse_ocean,
                const Mesh& fine, std::span<const Window> patches, idx_t halo);

  idx_t rows() const { return rows_; }
  idx_t columns() const { return columns_; }
  idx_t slots() const { return rows_ * columns_; }
  const Window& source() const { return source_; }  ///< of the coarse mesh, that this rank reads
  /// [patches][slots], as an index in source().
  View<const idx_t, 2> cells() const { return {cells_.data(), {patches_, slots()}}; }
  /// The same as a point of the coarse mesh.
  idx_t point(idx_t cell) const { return point_of(coarse_, source_, cell / source_.nx, cell % source_.nx); }

 private:
  void find_boxes(const Communicator& comm, const Mesh& fine, std::span<const Window> patches, idx_t halo);
  void find_nearest(const Communicator& comm, Space space, const Mesh& fine, std::span<const Window> patches,
                    idx_t halo);
  Mesh coarse_;
  idx_t rows_ = 0, columns_ = 0, patches_ = 0;
  Window source_;
  std::vector<idx_t> cells_;
};

}  // namespace podscale
