#pragma once
// Area means, points and gradients of a product with their standard deviation, for
// podscale-inspect.

#include <string>
#include <vector>

#include "podscale/gaussian/functional.hpp"

namespace podscale {

/// What the command line asks for.
struct FunctionalRequest {
  std::vector<double> box;       ///< south, north, west, east; empty: none
  std::vector<double> point;     ///< latitude, longitude; y, x in a plane without them
  std::vector<double> gradient;  ///< the same
  std::string region = {};       ///< mask file, optionally file.nc:variable
  std::string variable = {};     ///< "" = each one; a name, or a-b for the difference of two
  std::string mean = {};         ///< means over such stretches: "30d", "month"; "": each time
  bool season = false;           ///< means over December to February and so on
  std::vector<std::string> period = {};  ///< mean from one day to another
  bool empty() const { return box.empty() && point.empty() && gradient.empty() && region.empty(); }
};

/// Not collective: one process reads the product. A table, one row a time: mean and standard
/// deviation of each functional, from the factors in the file, in the units of the product (per km
/// for gradients); of means over time one row a mean. Errors: no_input, data (no factors, no ocean
/// there, a mask on another grid, errors whose persistence is not known), usage.
std::string functional_table(const std::string& path, const FunctionalRequest& request);

}  // namespace podscale
