#pragma once
// Errors and exit codes (sysexits where one fits). Three families: the user's (a line that says
// what was found, what was expected and what to do), ours (PODSCALE_ASSERT) and the system's
// (wrapped library calls).

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace podscale {

enum class ExitCode : int {
  ok = 0,
  usage = 64,     ///< command line or namelist
  data = 65,      ///< an input is there but cannot be used
  no_input = 66,  ///< an input is missing
  bug = 70,       ///< ours
  io = 74,        ///< the system failed: reading, writing, or no memory
  requeue = 75,   ///< stopped by a signal or the time limit, a checkpoint kept where there is work: run again
};

/// One-line error with the exit code that the program ends with. `agreed` is set by
/// Communicator::agree: every rank throws the same error, so none is left waiting.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message, bool agreed = false)
      : std::runtime_error(message), code_(code), agreed_(agreed) {}
  ExitCode code() const { return code_; }
  bool agreed() const { return agreed_; }

 private:
  ExitCode code_;
  bool agreed_;
};

/// Not collective. Runs `work`, whose outcome depends on nothing but values that all ranks share
/// (the namelist, say), and marks its error as agreed.
template <class Work>
auto same_on_all_ranks(const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw Error(error.code(), error.what(), true);
  }
}

/// Not collective. Throws Error(code) with a formatted line.
template <class... Args>
[[noreturn]] void fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// Not collective; in a catch block only. What is being handled, as an Error of one line: itself,
/// "out of memory" (io) for std::bad_alloc and Torch's failed allocations, "internal error" (bug)
/// for all else.
Error current_error(int rank);

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const std::string& values);

}  // namespace podscale

/// Our own bugs: stays on in the release build too (it guards shapes, never inner loops).
#define PODSCALE_ASSERT(condition, ...)                                                       \
  do {                                                                                        \
    if (!(condition))                                                                         \
      ::podscale::assertion_failed(#condition, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (false)
