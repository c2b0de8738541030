#pragma once
// A mesh in a NetCDF file of our own, as CF-1.8 has it: the one place that writes and reads back
// coordinates.

#include <string>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/mesh/mesh.hpp"

namespace podscale {

/// What a variable on the mesh needs: the names of its two dimensions, and the texts of the
/// attributes `coordinates` and `grid_mapping` ("" = leave it out).
struct MeshNames {
  std::string y, x, coordinates, grid_mapping;
  /// Collective on the file. Puts the attributes.
  void describe(NetcdfFile& file, const std::string& variable) const;
};

/// Collective on the file, before end_definitions(). Dimensions, coordinates, bounds and grid
/// mapping, each name behind `prefix`:
///     rectilinear   lat(lat), lon(lon), lat_bnds, lon_bnds
///     curvilinear   lat(y, x), lon(y, x), and their corners where known; a rotated pole also rlat and rlon, of
///                   which the dimensions then have the names
///     plane         y(y), x(x), y_bnds, x_bnds in the units of the mesh, or projection_y(y, x) and
///                   projection_x(y, x); lat and lon where it has them
///     image         dimensions y and x alone, and an attribute with the size of a pixel
MeshNames define_mesh(NetcdfFile& file, const Mesh& mesh, const std::string& prefix = "");

/// Collective on comm, the communicator of the file, after end_definitions(). Rank 0's values are
/// written.
void write_mesh(const Communicator& comm, NetcdfFile& file, const Mesh& mesh, const std::string& prefix = "");

/// Collective on the file. The mesh that define_mesh() and write_mesh() wrote, exactly.
/// Error(data) where there is none.
Mesh read_mesh(const NetcdfFile& file, const std::string& prefix = "");

}  // namespace podscale
