#include "signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "podscale/core/stop.hpp"
#include "podscale/file/output_file.hpp"

namespace podscale {
namespace {

/// Torch takes half a second to load: the handlers are there before its constructors run. A
/// sanitizer wants to be first itself.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void handle_signals_early(int, char**, char**) {
  install_signal_handlers();
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const first_of_all)(int, char**,
                                                                         char**) = handle_signals_early;
#endif

extern "C" void die_cleanly(int number) {
  remove_doomed_files();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

void clean_up_on_signals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU})
    if (struct sigaction found{}; sigaction(number, nullptr, &found) == 0 && found.sa_handler == SIG_DFL)
      std::signal(number, die_cleanly);
}

void keep_standard_streams() {
  for (const int stream : {0, 1, 2})
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY);
}

}  // namespace podscale
