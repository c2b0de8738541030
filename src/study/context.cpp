#include "podscale/study/context.hpp"

#include <filesystem>

#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {

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
