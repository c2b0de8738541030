#include "podscale/core/version.hpp"

#include <fmt/format.h>

#include "podscale/version.hpp"

namespace podscale {

std::string version() {
  const std::string description = PODSCALE_GIT_DESCRIPTION;
  return description.empty() ? PODSCALE_VERSION : fmt::format("{} ({})", PODSCALE_VERSION, description);
}

}  // namespace podscale
