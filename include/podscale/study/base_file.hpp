#pragma once
// The base in basis.nc, beside what write_basis puts there.

#include <memory>
#include <optional>
#include <string>

#include "podscale/gaussian/reference_forecast.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// Not collective. What stands behind the names of what belongs to a regime of the base: "", "_1",
/// ...
std::string regime_suffix(std::size_t regime);

/// What write_basis has to add for the base; both must outlive the call of write_basis.
BasisExtras base_extras(const Communicator& comm, const Basis& basis, const LinearGaussian& base);

/// Collective. The base in the file that `basis` was read from; nothing where it was made with
/// model.base = 'none'. Errors: data (checksum that does not match).
std::optional<LinearGaussian> read_base(const Communicator& comm, const Basis& basis,
                                        const std::string& path);

/// Collective. The reference forecast that a study asks for: the base, or without it the published
/// method. Error(data) where there is no base: make the basis again.
std::unique_ptr<ReferenceForecast> read_reference(const Communicator& comm, const Basis& basis,
                                                  const std::string& path, bool with_base);

}  // namespace podscale
