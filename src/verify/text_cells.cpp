#include "podscale/verify/text_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace podscale {

std::string score_cell(double value, int digits) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const std::string text = fmt::format("{:.{}f}", value, digits);
  return text.find_first_of("123456789") == std::string::npos && text[0] == '-' ? text.substr(1) : text;
}

std::size_t name_width(const std::vector<VerifiedSystem>& systems) {
  std::size_t width = 6;
  for (const VerifiedSystem& system : systems) width = std::max(width, system.name.size());
  return width;
}

}  // namespace podscale
