#include "podscale/verify/score_family.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"

namespace podscale {

std::vector<std::size_t> shape_of(const ScoreVariable& variable, const ScoreSection& section,
                                  std::size_t systems) {
  std::vector<std::size_t> shape;
  std::size_t values = 1;
  for (const std::string& name : variable.dims) {
    const auto axis = std::find_if(section.axes.begin(), section.axes.end(),
                                   [&](const ScoreAxis& candidate) { return candidate.name == name; });
    PODSCALE_ASSERT(axis != section.axes.end() || name == "system", "{}: no axis {}", variable.name, name);
    shape.push_back(axis == section.axes.end() ? systems : axis->values.size());
    values *= shape.back();
  }
  PODSCALE_ASSERT(values == variable.values.size(), "{}: {} values, expected {}", variable.name,
                  variable.values.size(), values);
  return shape;
}

}  // namespace podscale
