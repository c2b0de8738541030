#pragma once
// What the values of a channel mean.

#include <optional>
#include <string>
#include <vector>

namespace podscale {

struct PlausibleRange {
  float low = 0, high = 0;
};

struct Variable {
  std::string name;
  std::string units;          ///< of the file; "" where it has none
  std::string working_units;  ///< of the values that a source gives; "" where the file has none
  std::string standard_name, long_name, cell_methods;  ///< "" where absent
  std::optional<PlausibleRange> plausible;             ///< in working units
};

/// Not collective. In their order.
inline std::vector<std::string> names_of(const std::vector<Variable>& variables) {
  std::vector<std::string> names;
  for (const Variable& v : variables) names.push_back(v.name);
  return names;
}

}  // namespace podscale
