#include "podscale/core/input_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

const char* kind(mode_t mode) {
  return S_ISDIR(mode) ? "directory" : S_ISFIFO(mode) ? "pipe" : S_ISSOCK(mode) ? "socket" : "device";
}

}  // namespace

void require_regular_file(const std::string& path, const std::string& what, const std::string& remedy) {
  struct stat found {};
  const bool absent = stat(path.c_str(), &found) != 0;
  if (absent && (errno == ENOENT || errno == ENOTDIR))
    fail(ExitCode::no_input, "{}: no such {}; {}", path, what, remedy);
  if (!absent && !S_ISREG(found.st_mode))
    fail(ExitCode::data, "{}: is a {}; expected a regular file", path, kind(found.st_mode));
  if (absent || access(path.c_str(), R_OK) != 0)
    fail(ExitCode::io, "{}: cannot be read ({}); check its permissions", path, std::strerror(errno));
}

}  // namespace podscale
