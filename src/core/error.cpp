#include "podscale/core/error.hpp"

namespace podscale {

void assertion_failed(const char* condition, const char* file, int line, const std::string& values) {
  throw Error(ExitCode::bug, fmt::format("internal error: {} is false at {}:{} ({}); "
                                         "please report it with the namelist",
                                         condition, file, line, values));
}

}  // namespace podscale
