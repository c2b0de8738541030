#pragma once
// Global attributes of a file, each name once.

#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// A text or numbers.
struct Attribute {
  std::string name, text{};
  std::vector<double> numbers{};
  nc_type type = NC_DOUBLE;  ///< of the numbers
};
using Attributes = std::vector<Attribute>;

/// Not collective. Null where there is none of that name.
const Attribute* find(const Attributes& attributes, const std::string& name);
/// Not collective. Adds those of names that are not there yet: who comes first has its way.
void add_missing(Attributes& attributes, const Attributes& more);
/// Collective, while a file is defined. Those that are empty are left out.
void put_attributes(NetcdfFile& file, const Attributes& attributes);

}  // namespace podscale
