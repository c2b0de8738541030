#pragma once
// basis.nc: the file of a basis.

#include <functional>
#include <string>

#include "podscale/field/mesh_file.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

/// Units of what belongs to all channels of a basis: of fields ("" where channels differ), and of
/// anomalies, coefficients and their squares, which have none where several channels are each over
/// their scale.
struct FieldUnits {
  std::string field, spread, square;
};
FieldUnits field_units(const Basis& basis);

/// What a later layer adds to the file: dimensions, variables and attributes, then their values.
/// Both are called collectively.
struct BasisExtras {
  std::function<void(NetcdfFile&, const MeshNames& lr)> define;
  std::function<void(NetcdfFile&)> put;
};
/// Collective. Written under a temporary name and renamed. Errors: io.
void write_basis(const Communicator& comm, const Basis& basis, const std::string& path,
                 const BasisExtras& extras = {});
/// Collective. On any number of ranks. Errors: no_input, data (no basis of ours, checksum that
/// does not match). strip: 0: ranks own rectangles of patches; else whole rows of them, so many at
/// a time.
Basis read_basis(const Communicator& comm, const std::string& path, long strip = 0);
/// Collective. What has to be known of a region before its rows are dealt: points, and those of a
/// patch. Errors: as read_basis.
struct BasisSize {
  long ny, nx, patch_y;
};
BasisSize basis_size(const Communicator& comm, const std::string& path);
/// Collective. What members are given beside the modes, from the file that `basis` was read from,
/// which leaves it there: PatchModes::left_out of its patches.
LeftOut read_left_out(const Communicator& comm, const Basis& basis, const std::string& path);

}  // namespace podscale
