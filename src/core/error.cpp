#include "podscale/core/error.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace podscale {

Error current_error(int rank) {
  std::string what = "not a standard exception";
  bool memory = false;
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    memory = true;
  } catch (const std::exception& error) {
    what = error.what();
    // Torch has no type of its own for it on a CPU.
    constexpr std::array words = {"allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED"};
    memory = std::any_of(words.begin(), words.end(),
                         [&](const char* word) { return what.find(word) != std::string::npos; });
  } catch (...) {
  }
  if (memory)
    return {ExitCode::io, fmt::format("out of memory on rank {}: use more ranks or nodes, or a smaller "
                                      "grid.time_block, sampling.time_block or sampling.member_batch",
                                      rank)};
  return {ExitCode::bug, fmt::format("internal error on rank {}: {}", rank, what.substr(0, what.find('\n')))};
}

void assertion_failed(const char* condition, const char* file, int line, const std::string& values) {
  throw Error(ExitCode::bug, fmt::format("internal error: {} is false at {}:{} ({}); "
                                         "please report it with the namelist",
                                         condition, file, line, values));
}

}  // namespace podscale
