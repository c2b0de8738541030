#include "podscale/verify/picture.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {

std::string picture_script() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  for (const fs::path& path : {program.parent_path().parent_path() / "share/podscale/podscale_pictures.py",
                               fs::path(PODSCALE_PICTURE_SCRIPT)})
    if (fs::exists(path, ignored)) return path.string();
  return {};
}

bool draw_picture(const std::string& scores_path, const std::string& picture_path) {
  const char* chosen = std::getenv("PODSCALE_PYTHON");
  std::string python = chosen && *chosen ? chosen : "/usr/bin/python3", script = picture_script();
  if (script.empty()) {
    log::warn(
        "no picture: podscale_pictures.py is neither in ../share/podscale of the program nor "
        "where it was built; install podscale again (cmake --install)");
    return false;
  }
  OutputFile file;
  try {
    file = OutputFile(picture_path);
  } catch (const Error& error) {
    log::warn("no picture: {}", error.what());
    return false;
  }
  std::string scores = scores_path, picture = file.temporary(),
              format = std::filesystem::path(picture_path).extension().string();
  char* const arguments[] = {python.data(),  script.data(), scores.data(),
                             picture.data(), format.data(), nullptr};
  pid_t child = 0;
  int status = posix_spawnp(&child, python.c_str(), nullptr, nullptr, arguments, environ);
  if (status != 0) {
    log::warn(
        "no picture: can't start {} ({}); install it (Debian: apt install python3-matplotlib "
        "python3-netcdf4) or set PODSCALE_PYTHON to a Python that has matplotlib and netCDF4",
        python, std::strerror(status));
    return false;
  }
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    try {
      file.commit();
      return true;
    } catch (const Error& error) {
      log::warn("no picture: {}", error.what());
      return false;
    }
  }
  log::warn(
      "no picture: {} {} ended with status {}; it needs matplotlib and netCDF4 "
      "(Debian: apt install python3-matplotlib python3-netcdf4, or set PODSCALE_PYTHON), "
      "then run it again on {}",
      python, script, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), scores_path);
  return false;
}

}  // namespace podscale
