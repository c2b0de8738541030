#include "podscale/core/input_file.hpp"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

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

std::vector<std::string> files_matching(const std::string& pattern, const std::string& what) {
  std::error_code status;
  if (pattern.find_first_of("*?[") == std::string::npos || std::filesystem::exists(pattern, status))
    return {pattern};
  glob_t found{};
  glob(pattern.c_str(), 0, nullptr, &found);
  const std::vector<std::string> matches(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (matches.empty()) fail(ExitCode::no_input, "{}: nothing matches '{}'; check the path", what, pattern);
  return matches;
}

std::string small_text_of(const std::string& path, const std::string& what, const std::string& remedy,
                          std::uintmax_t most) {
  require_regular_file(path, what, remedy);
  std::error_code status;
  if (const auto size = std::filesystem::file_size(path, status); !status && size > most)
    fail(ExitCode::usage, "{}: has {} bytes, expected a {} of at most {}; is it another file?", path, size,
         what, most);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace podscale
