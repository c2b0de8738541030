#include "podscale/verify/score_family.hpp"

#include <algorithm>
#include <sstream>

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

}  // namespace podscale
