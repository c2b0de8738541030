#pragma once
// The words of podscale-inspect.

#include <string>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective. Several lines on one file: a basis, a model, or any CF NetCDF file with fields,
/// ours or not, of which it shows what podscale reads in it. variable: "" = every one. picture:
/// file for the fields of a picture of the first of them (write_field_picture), "" = none. Errors:
/// no_input, data (nothing that podscale could read: says what the file holds).
std::string inspect_file(const Communicator& comm, const std::string& path, const std::string& variable = "",
                         const std::string& picture = "");

}  // namespace podscale
