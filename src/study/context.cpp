#include "podscale/study/context.hpp"

#include <glob.h>

#include <array>
#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {
namespace {

constexpr std::array kInputLists{
    "data.hr_files",     "data.lr_files",         "data.apply_files",         "data.truth_files",
    "history.files",     "history.lr_files",      "images.train_files",       "images.validate_files",
    "images.test_files", "images.train_lr_files", "images.validate_lr_files", "images.test_lr_files"};
constexpr std::array kInputs{"data.mask_file", "grid.weights"};

}  // namespace

std::vector<std::pair<std::string, std::string>> input_files(const Namelist& namelist) {
  std::vector<std::pair<std::string, std::string>> files;
  const auto find = [&](const char* key, const std::string& pattern) {
    glob_t found{};
    if (pattern.empty()) return;
    if (glob(pattern.c_str(), GLOB_NOCHECK, nullptr, &found) == 0)
      for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(key, found.gl_pathv[i]);
    globfree(&found);
  };
  for (const char* key : kInputLists)
    for (const std::string& pattern : namelist.texts(key)) find(key, pattern);
  for (const char* key : kInputs) find(key, namelist.text(key));
  return files;
}

std::vector<OutputLock> Context::claim(const std::vector<std::string>& outputs) const {
  std::vector<OutputLock> locks;
  if (check) return locks;
  comm.agree([&] {
    if (!comm.is_root()) return;
    const std::filesystem::path directory = options.output.directory;
    std::error_code status;
    if (!directory.empty()) std::filesystem::create_directories(directory, status);
    if (status)
      fail(ExitCode::io, "&output directory: can't make {}: {}", directory.string(), status.message());
    for (const std::string& output : outputs) locks.emplace_back(output);
    if (!outputs.empty()) pulse::set_output(outputs.front());
  });
  return locks;
}

void keep_apart(const std::vector<std::pair<std::string, std::string>>& outputs,
                const std::vector<std::pair<std::string, std::string>>& inputs, const std::string& source) {
  for (const auto& [input_name, input] : inputs)
    for (const auto& [name, output] : outputs)
      if (same_file(input, output))
        fail(ExitCode::usage, "{}: {} = {} is an input, of {}; expected a file that may be written", source,
             name, output, input_name);
}

}  // namespace podscale
