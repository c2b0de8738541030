#include "podscale/core/version.hpp"

#include <fmt/chrono.h>

#include "podscale/version.hpp"

namespace podscale {
namespace {

std::string typed = "podscale";

}  // namespace

void set_command_line(const std::string& text) {
  typed = text;
}
std::string command_line() {
  return typed;
}
std::string history_line() {
  return utc_now() + " " + typed;
}

std::string version() {
  const std::string description = PODSCALE_GIT_DESCRIPTION;
  return description.empty() ? PODSCALE_VERSION : fmt::format("{} ({})", PODSCALE_VERSION, description);
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace podscale
