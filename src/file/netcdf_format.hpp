#pragma once
// What kind of file it is, by its first bytes.

#include <string>

namespace podscale {

/// Not collective. Which error the library returns for a file that is no NetCDF depends on how it
/// was built, so its first bytes are looked at before. Errors: those of require_regular_file; data
/// where it is another kind of file, with the cure, or shorter than its header says.
void require_netcdf(const std::string& path);

}  // namespace podscale
