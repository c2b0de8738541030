#include "podscale/study/context.hpp"

#include <filesystem>

#include "podscale/core/error.hpp"

namespace podscale {

/// operator/ drops the left side where the right one is absolute.
std::string path_below(const Namelist& namelist, const std::string& name) {
  return (std::filesystem::path(namelist.text("output.directory")) / name).lexically_normal().string();
}

std::string Context::output_path(const std::string& name) const {
  return path_below(namelist, name);
}

std::string Context::output_path_of(const std::string& key) const {
  return output_path(namelist.required_text(key));
}

void Context::make_output_directory() const {
  if (check || dry_run) return;
  comm.agree([&] {
    if (!comm.is_root()) return;
    const std::filesystem::path directory = namelist.text("output.directory");
    std::error_code status;
    if (!directory.empty()) std::filesystem::create_directories(directory, status);
    if (status)
      fail(ExitCode::io, "&output directory: can't make {}: {}", directory.string(), status.message());
  });
}

}  // namespace podscale
