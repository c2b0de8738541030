#pragma once
// The seal: a last line with a checksum of all bytes before it, in every NetCDF and HDF5 file that
// podscale writes. Both libraries ignore what follows the file's own end, and cut it off when
// another program changes the file. Data, attributes and the library's own records are covered
// alike, and no damaged byte reaches a parser.

#include <string>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective on comm. Appends the seal to a finished file. Errors: io.
void seal_file(const Communicator& comm, const std::string& path);

/// Collective on comm. False: the file carries no seal, or is absent. The ranks share the reading
/// out, and a file that has not changed since is not read again by the same process. Errors: data
/// (damaged), io.
bool check_seal(const Communicator& comm, const std::string& path);

/// Not collective. The digits of a seal, without a look at the bytes before it: which of all files
/// ours it is. "": no seal, or no file.
std::string seal_of(const std::string& path);
/// Bytes of a seal, at the end of a file.
long seal_bytes();

}  // namespace podscale
