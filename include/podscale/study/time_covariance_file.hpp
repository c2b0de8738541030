#pragma once
// TimeCovariance in a file: of basis.nc and of the factors beside a product alike.
//
//   latent_time (patch_y, patch_x, mode, time_scale), global_time (global_mode, time_scale)
//   attributes podscale_time_*                       lattice, truncation, what was found

#include "podscale/file/netcdf_file.hpp"
#include "podscale/gaussian/time_covariance.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

/// Collective. Where there is none: the reason alone. Dimensions patch_y, patch_x and mode must be
/// there; global_mode is made where it is not.
void define_time_covariance(NetcdfFile& file, const TimeCovariance& time);
/// Collective.
void put_time_covariance(const Communicator& comm, NetcdfFile& file, const Basis& basis,
                         const TimeCovariance& time);
/// Collective on the file. For the patches of a rank. Errors: data (damaged).
TimeCovariance read_time_covariance(const NetcdfFile& file, const Basis& basis, int rank);

}  // namespace podscale
