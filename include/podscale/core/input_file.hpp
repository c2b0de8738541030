#pragma once
// What every file must be before a library opens it.

#include <cstdint>
#include <string>
#include <vector>

namespace podscale {

/// Not collective. Throws unless `path` is a regular file that may be read: opening a pipe may
/// wait for ever, a device may never end. `what` and `remedy` complete "no such file; check the
/// path". Errors: no_input (absent), data (a directory, pipe, device or socket), io (not
/// readable).
void require_regular_file(const std::string& path, const std::string& what = "file",
                          const std::string& remedy = "check the path");

/// Not collective. The paths that a glob matches, in the order of their names; the pattern itself
/// where it is none, or is the name of a file. what: of the files, as "images for training".
/// Errors: no_input (nothing matches).
std::vector<std::string> files_matching(const std::string& pattern, const std::string& what);

/// Not collective. The whole of a text that somebody writes by hand, as a namelist. Errors: those
/// of require_regular_file, and usage where it has more than `most` bytes: it is no such text.
std::string small_text_of(const std::string& path, const std::string& what, const std::string& remedy,
                          std::uintmax_t most = 4 << 20);

}  // namespace podscale
