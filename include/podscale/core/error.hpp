#pragma once
// Errors and exit codes (sysexits where one fits). Three families: the user's (a line that says what was
// found, what was expected and what to do), ours (PODSCALE_ASSERT) and the system's (wrapped library calls).

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
  io = 74,        ///< reading or writing failed
  requeue = 75,   ///< stopped by a signal or the time limit, a checkpoint kept where there is work: run again
};

/// One-line error with the exit code that the program ends with. `agreed` is set by Communicator::agree:
/// every rank throws the same error, so none is left waiting; an error that is not agreed ends the run by
/// MPI_Abort.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message, bool agreed = false)
      : std::runtime_error(message), code_(code), agreed_(agreed) {
    newest_agreed_ = agreed;
  }
  ExitCode code() const { return code_; }
  bool agreed() const { return agreed_; }
  /// Whether the newest Error of this thread was agreed: a destructor that runs while it unwinds may then
  /// make a collective call, since all ranks unwind alike.
  static bool newest_agreed() { return newest_agreed_; }

 private:
  ExitCode code_;
  bool agreed_;
  static inline thread_local bool newest_agreed_ = false;
};

/// Not collective. Runs `work`, whose outcome depends on nothing but values that all ranks share (the
/// namelist, say), and marks its error as agreed.
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

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line,
                                   const std::string& values);

}  // namespace podscale

/// Our own bugs: stays on in the release build too (it guards shapes, never inner loops).
#define PODSCALE_ASSERT(condition, ...)                                                       \
  do {                                                                                        \
    if (!(condition))                                                                         \
      ::podscale::assertion_failed(#condition, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (false)
