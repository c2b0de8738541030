#pragma once
// Which of several coordinates a variable lies at. Private to src/field.

#include <optional>
#include <string>
#include <vector>

#include "cf_variable.hpp"

namespace podscale {

/// Not collective. The words of an attribute.
std::vector<std::string> words_of(const NetcdfFile& file, const std::string& name, const char* attribute);

/// Not collective. Names of coordinates that the variable gives itself; "associate" is what CF 1.0
/// made "coordinates" of.
std::vector<std::string> named_coordinates(const NetcdfFile& file, const CfVariable& v);

/// Collective on the file, as all below; `where` begins messages. Latitude and longitude along the
/// same two dimensions of the variable: those that it names, else the only ones of the file.
/// Error(data) where there are several.
struct Tables {
  std::string lat, lon;
  std::vector<std::string> dims;
};
std::optional<Tables> tables_of(const NetcdfFile& file, const CfVariable& v, const std::string& where);

/// Of several latitudes along one dimension: its namesake, the one that the variable names, or the
/// first where all are the same. Error(data) where they differ.
std::string only_of(const NetcdfFile& file, const CfVariable& v, std::vector<std::string> names,
                    const std::string& where);

}  // namespace podscale
