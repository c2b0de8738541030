#pragma once
// Another product that enters the same table.

#include <string>
#include <vector>

namespace podscale {

struct ComparedProduct {
  std::string name;  ///< one word of letters, digits and underscores
  std::string path;
};

/// Not collective. "name=path" or "path", as after --compare. Without a name: that of the file
/// without its ending, or of its folder where the file is called product.nc; other characters
/// become underscores. Error (usage): no path.
ComparedProduct parse_compared(const std::string& argument);

/// Not collective. Error(usage) unless all names differ from each other and from `taken`.
void require_distinct(const std::vector<ComparedProduct>& compared, const std::vector<std::string>& taken);

}  // namespace podscale
