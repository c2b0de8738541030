#include "podscale/core/checksum.hpp"

#include <fmt/format.h>

namespace podscale {

std::string checksum_text(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

}  // namespace podscale
