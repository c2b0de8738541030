#pragma once
// The words of podscale-inspect.

#include <string>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Collective. Several lines on one file: a basis, a model, a product, scores, or any CF NetCDF
/// file with fields. Errors: no_input, data.
std::string inspect_file(const Communicator& comm, const std::string& path);

}  // namespace podscale
