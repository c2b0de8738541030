#pragma once
// Weights that another program computed: SCRIP files (as of 'cdo genbil') and ESMF files
// (ESMF_RegridWeightGen, xesmf).

#include <span>
#include <string>

#include "podscale/mesh/remap.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective on comm; windows may differ between ranks. The rows of a weight file for one window
/// of the target; masks as for Remap. Grids of the file must have the sizes of the two meshes;
/// where the file holds the positions of their points, these too must agree (to a hundredth of a
/// cell; rows or columns in the other direction are turned). Errors: data (other grids, several
/// weights a link as for bicubic, links that lead outside), no_input.
Remap read_weights(const Communicator& comm, const std::string& path, const Mesh& source,
                   std::span<const unsigned char> source_ocean, const Mesh& target, const Window& window,
                   std::span<const unsigned char> target_ocean, Remap::Land land = Remap::Land::renormalise);

/// Collective. Checksum of the bytes of a file, as text. Error(no_input).
std::string checksum_of_file(const Communicator& comm, const std::string& path);

}  // namespace podscale
