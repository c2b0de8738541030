#include "given_namelist.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"

namespace podscale {
namespace {

constexpr std::array kOutputs{"output.basis_file", "output.model_file",  "output.product_file",
                              "verify.text_file",  "verify.scores_file", "verify.picture_file"};
constexpr std::array kOceanFiles{"ocean.hr_file", "ocean.lr_file"};

/// Errors: those of require_regular_file.
std::string file_text(const std::string& path) {
  std::error_code status;
  return small_text_of(path, "namelist",
                       "the working directory is " + std::filesystem::current_path(status).string());
}

void fill_namelist(const std::string& text, const CommandLine& line, Namelist& namelist) {
  namelist.parse(text, line.namelist);
  for (const std::string& assignment : line.assignments) namelist.set(assignment);
}

}  // namespace

void read_namelist(const CommandLine& line, Context& context) {
  std::string text;
  context.comm.agree([&] {
    if (context.comm.is_root()) text = file_text(line.namelist);
  });
  text = context.comm.broadcast(text);
  context.comm.agree([&] { fill_namelist(text, line, context.namelist); });
}

std::string asked_for(const CommandLine& line) {
  Namelist namelist;
  fill_namelist(file_text(line.namelist), line, namelist);
  const auto is_one_of = [](const auto& keys, const std::string& wanted) {
    return std::find(keys.begin(), keys.end(), wanted) != keys.end();
  };
  if (!line.path_key.empty()) {
    if (!is_one_of(kOutputs, line.path_key) && !is_one_of(kOceanFiles, line.path_key))
      fail(ExitCode::usage, "--print-path {}: no such key, expected one of {}, {}", line.path_key,
           fmt::join(kOutputs, ", "), fmt::join(kOceanFiles, ", "));
    return file_path(namelist, line.path_key).value + "\n";
  }
  std::vector<std::string> keys;
  for (const Key& key : key_table()) keys.push_back(fmt::format("{}.{}", key.group, key.name));
  if (!is_one_of(keys, line.value_key))
    fail(ExitCode::usage, "--print-value {}: no such key, expected group.key", line.value_key);
  return namelist.effective_value(line.value_key) + "\n";
}

void keep_files_apart(const Namelist& namelist, const std::string& file, bool makes_ocean,
                      const std::vector<std::pair<std::string, std::string>>& further) {
  using Named = std::vector<std::pair<std::string, std::string>>;
  const auto named = [&](const auto& keys) {
    Named paths;
    for (const char* key : keys)
      if (const FilePath path = file_path(namelist, key); !path.value.empty())
        paths.emplace_back(key, path.value);
    return paths;
  };
  Named outputs = named(kOutputs);
  outputs.insert(outputs.end(), further.begin(), further.end());
  Named inputs{{"the namelist", file}};
  if (makes_ocean)  // data.hr_files may be what is made here
    for (const auto& made : named(kOceanFiles)) outputs.push_back(made);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (same_file(outputs[i].second, outputs[j].second))
        fail(ExitCode::usage, "{}: {} and {} are the same file, {}; expected files of their own",
             namelist.source(), outputs[j].first, outputs[i].first, outputs[i].second);
  if (!makes_ocean)
    for (auto& file : input_files(namelist)) inputs.push_back(std::move(file));
  keep_apart(outputs, inputs, namelist.source());
}

}  // namespace podscale
