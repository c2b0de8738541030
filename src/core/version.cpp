#include "podscale/core/version.hpp"

#include <fmt/chrono.h>

#include "podscale/version.hpp"

namespace podscale {

std::string version() {
  const std::string description = PODSCALE_GIT_DESCRIPTION;
  return description.empty() ? PODSCALE_VERSION : fmt::format("{} ({})", PODSCALE_VERSION, description);
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace podscale
