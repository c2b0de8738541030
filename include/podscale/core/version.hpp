#pragma once

#include <string>

namespace podscale {

/// Not collective. "0.1.0 (v0.1.0-12-gabcdef)": the project's version and, where it was built from
/// a checkout, git's description.
std::string version();

}  // namespace podscale
