#include "podscale/file/library_guard.hpp"

#include <mpi.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "podscale/core/error.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {
namespace {

constexpr std::array kCrashes{SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGVTALRM};
constexpr int kSeconds = 10;  // of computing
constexpr int kCode = static_cast<int>(ExitCode::data);

// What the handler reads: it must not allocate, the heap may be what is broken.
char line[4500];
std::size_t line_size = 0;
struct sigaction before[kCrashes.size()];
int depth = 0;  // of guards; all but the outermost do nothing, or `before` would be the guard's own

extern "C" void end_at_once(int) {
  _exit(kCode);
}

extern "C" void library_crashed(int) {
  for (const int number : kCrashes) std::signal(number, end_at_once);
  std::signal(SIGALRM, end_at_once);
  alarm(5);
  int up = 0, down = 0, size = 1, rank = 0;
  MPI_Initialized(&up);
  MPI_Finalized(&down);
  if (up && !down) MPI_Comm_size(MPI_COMM_WORLD, &size), MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank > 0) sleep(1);  // where rank 0 meets the same, it speaks, and ends the run
  if (write(STDERR_FILENO, line, line_size) < 0) _exit(kCode);
  remove_doomed_files();
  if (size > 1) MPI_Abort(MPI_COMM_WORLD, kCode);
  _exit(kCode);
}

/// A crash by endless recursion leaves no room on the stack that it used up.
void use_own_stack() {
  static char room[64 << 10];
  stack_t stack{};
  if (sigaltstack(nullptr, &stack) == 0 && !(stack.ss_flags & SS_DISABLE)) return;
  stack = {};
  stack.ss_sp = room;
  stack.ss_size = sizeof room;
  sigaltstack(&stack, nullptr);
}

void set_timer(int seconds) {
  const itimerval once{{0, 0}, {seconds, 0}};
  setitimer(ITIMER_VIRTUAL, &once, nullptr);
}

}  // namespace

LibraryGuard::LibraryGuard(const std::string& path) {
  if (depth++ > 0) return;
  const int n = std::snprintf(line, sizeof line,
                              "podscale: error: %s: damaged: the NetCDF or HDF5 library breaks down over it; "
                              "fetch or make the file again\n",
                              path.c_str());
  line_size = std::min(static_cast<std::size_t>(std::max(n, 0)), sizeof line - 1);
  use_own_stack();
  struct sigaction action {};
  action.sa_handler = library_crashed;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &action, &before[i]);
}

LibraryGuard::LibraryGuard(const std::string& path, std::uint64_t room) : LibraryGuard(path) {
  if (depth > 1) return;
  rlimit limit{};
  const std::uint64_t used = address_space();
  if (address_space_can_be_bounded() && used > 0 && getrlimit(RLIMIT_AS, &limit) == 0) {
    memory_ = limit.rlim_cur;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, used + room);
    bounded_ = setrlimit(RLIMIT_AS, &limit) == 0;
  }
  set_timer(kSeconds);
}

LibraryGuard::~LibraryGuard() {
  if (--depth > 0) return;
  set_timer(0);
  if (rlimit limit{}; bounded_ && getrlimit(RLIMIT_AS, &limit) == 0) {
    limit.rlim_cur = memory_;
    setrlimit(RLIMIT_AS, &limit);
  }
  for (std::size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &before[i], nullptr);
}

std::uint64_t address_space() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

bool address_space_can_be_bounded() {
#if defined(__SANITIZE_ADDRESS__)
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return false;
#else
  return true;
#endif
#else
  return true;
#endif
}

std::uint64_t honest_bytes(std::uint64_t file_size) {
  constexpr std::uint64_t unwritten = 32 << 20, most = 1100;
  return unwritten + most * file_size;
}

bool has_honest_memory(std::uint64_t file_size) {
  void* const room = std::malloc(honest_bytes(file_size) + (64 << 20));
  std::free(room);
  return room != nullptr;
}

}  // namespace podscale
