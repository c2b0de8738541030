#pragma once
// Errors in what a file says. Private to src/field.

#include <string>
#include <utility>

#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Not collective. Throws Error(data). Rank 0 alone and all ranks together both come here; the
/// latter see the same file, hence the same error.
template <class... Args>
[[noreturn]] void refuse(const std::string& where, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::data, where + fmt::format(format, std::forward<Args>(args)...), true);
}

/// The same of a coordinate.
[[noreturn]] inline void refuse(const NetcdfFile& file, const std::string& coordinate,
                                const std::string& reason) {
  refuse(file.path(), ": coordinate '{}' {}", coordinate, reason);
}

}  // namespace podscale
