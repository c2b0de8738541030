#pragma once
// basis.nc: the file of a basis.

#include <functional>
#include <string>

#include "podscale/pod/basis.hpp"

namespace podscale {

class NetcdfFile;

/// What a later layer adds to the file: dimensions, variables and attributes, then their values. Both are
/// called collectively.
struct BasisExtras {
  std::function<void(NetcdfFile&)> define, put;
};
/// Collective. Written under a temporary name and renamed. Errors: io.
void write_basis(const Communicator& comm, const Basis& basis, const std::string& path,
                 const BasisExtras& extras = {});
/// Collective. On any number of ranks. Errors: no_input, data (no basis of ours, checksum that does not
/// match).
Basis read_basis(const Communicator& comm, const std::string& path);

}  // namespace podscale
