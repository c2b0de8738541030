#include "podscale/verify/compared_product.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

}  // namespace

ComparedProduct parse_compared(const std::string& argument) {
  namespace fs = std::filesystem;
  const std::size_t equals = argument.find('=');
  const bool named = equals != std::string::npos && equals > 0 &&
                     std::all_of(argument.begin(), argument.begin() + equals, is_word);
  ComparedProduct out;
  out.path = named ? argument.substr(equals + 1) : argument;
  if (out.path.empty())
    fail(ExitCode::usage, "--compare {}: no path; expected path or name=path of a product", argument);
  if (named) {
    out.name = argument.substr(0, equals);
    return out;
  }
  const fs::path path(out.path);
  out.name = path.stem().string();
  if (path.filename() == "product.nc" && path.has_parent_path())
    out.name = path.parent_path().filename().string();
  std::replace_if(
      out.name.begin(), out.name.end(), [](char c) { return !is_word(c); }, '_');
  if (out.name.empty()) out.name = "other";
  return out;
}

void require_distinct(const std::vector<ComparedProduct>& compared, const std::vector<std::string>& taken) {
  std::vector<std::string> names = taken;
  for (const ComparedProduct& product : compared) {
    if (std::find(names.begin(), names.end(), product.name) != names.end())
      fail(ExitCode::usage,
           "--compare {}: another system is called {} already; give it a name: --compare name={}",
           product.path, product.name, product.path);
    names.push_back(product.name);
  }
}

}  // namespace podscale
