#pragma once
// The base in basis.nc, beside what write_basis puts there.

#include <optional>
#include <string>

#include "podscale/gaussian/linear_gaussian.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// What write_basis has to add for the base; both must outlive the call of write_basis.
BasisExtras base_extras(const Communicator& comm, const Basis& basis, const LinearGaussian& base);

/// Collective. The base in the file that `basis` was read from; nothing where it was made with
/// model.base = 'none'. Errors: data (checksum that does not match).
std::optional<LinearGaussian> read_base(const Communicator& comm, const Basis& basis,
                                        const std::string& path);

/// Collective. The same where it has to be there: Error(data) that says to make the basis again.
LinearGaussian require_base(const Communicator& comm, const Basis& basis, const std::string& path);

}  // namespace podscale
