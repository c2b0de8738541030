#include "podscale/verify/score_family.hpp"

#include <algorithm>
#include <sstream>

#include "podscale/core/error.hpp"

namespace podscale {

std::size_t name_width(const std::vector<VerifiedSystem>& systems) {
  std::size_t width = 6;
  for (const VerifiedSystem& system : systems) width = std::max(width, system.name.size());
  return width;
}

ScoreAxis bins_of_unity(const std::string& name, const std::string& long_name, std::size_t n) {
  ScoreAxis axis{name, "1", long_name + ", centre of the bin", {}};
  for (std::size_t k = 0; k < n; ++k)
    axis.values.push_back((static_cast<double>(k) + 0.5) / static_cast<double>(n));
  return axis;
}

void ScoreSection::add(const std::string& name, const std::string& dims, const std::string& units,
                       const std::string& long_name, std::vector<double> values, const std::string& comment) {
  std::istringstream words(dims);
  std::vector<std::string> list;
  for (std::string word; words >> word;) list.push_back(word);
  variables.push_back({name, std::move(list), units, long_name, std::move(values), comment});
}

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
