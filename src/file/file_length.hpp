#pragma once
// How long a file must be by what its own header says. Private to src/file.

#include <cstdint>
#include <optional>
#include <string>

namespace podscale {

/// Not collective. Bytes that the header of a NetCDF-3 file (CDF-1, 2, 5) or the superblock of an
/// HDF5 file promises; nullopt where it does not say. Error(data) where the header itself is cut
/// off.
std::optional<std::uint64_t> promised_length(const std::string& path);

/// Not collective. Error(data) where the file is shorter: NetCDF-3 reads the lost part as zeros.
void require_whole(const std::string& path);

}  // namespace podscale
