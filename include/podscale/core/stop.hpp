#pragma once
// How a run is asked to stop: by a signal, or by its own time limit.

#include <string>

namespace podscale {

/// Not collective. From here on SIGTERM, SIGINT and SIGUSR1 only set a flag.
void install_signal_handlers();
/// Not collective. The time limit 'HH:MM:SS' counts from now on; "" = none. Errors: usage.
void set_deadline(const std::string& limit);
/// Not collective. Whether a signal came.
bool signal_received();
/// Not collective: ranks may see it at different moments, so they must agree. True once a signal
/// came or the time limit is over.
bool stop_requested();

}  // namespace podscale
