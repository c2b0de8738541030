#pragma once
// How a run is asked to stop: by a signal, or by its own time limit. Work asks stop_here() inside
// Communicator::agree, so that all ranks stop at the same place, or stop_point(comm) outside of
// it. A run that comes to no such place within a grace time of 20 s, or PODSCALE_STOP_SECONDS of
// the environment, is ended all the same: what is in its files then is what was complete before.

#include <optional>
#include <string>

namespace podscale {

/// Not collective. From here on SIGTERM, SIGINT and SIGUSR1 only note that they came. To be called
/// again after libraries that set handlers of their own.
void install_signal_handlers();
/// Not collective. The other way: these signals end the process as usual, at once where one came.
void restore_signal_handlers();
/// Not collective. Seconds of 'HH:MM:SS'; what: its name, for the message. Errors: usage.
long limit_seconds(const std::string& text, const std::string& what);
/// Not collective. The time limit 'HH:MM:SS' counts from now on; "" = none. Errors: usage.
void set_deadline(const std::string& limit);
/// Not collective. Whether a signal came.
bool signal_received();
/// Not collective: ranks may see it at different moments, so they must agree. True once a signal
/// came or the time limit is over.
bool stop_requested();
/// Not collective. "SIGTERM", "the time limit"; "" where nothing asked this process to stop.
std::string stop_reason();
/// Not collective. Seconds since this process was asked to stop.
std::optional<double> seconds_since_stop();

/// Not collective; inside Communicator::agree. Error(requeue) once this process was asked to stop.
void stop_here();

/// Not collective. `clean_up` is called by a signal handler before a run is ended for lack of an
/// end of its own.
void set_last_clean_up(void (*clean_up)());
/// Not collective. For a run that has nothing to save: SIGTERM and SIGINT end it after the last
/// clean-up, since mpirun kills a second later. SIGUSR1 and the time limit wait for stop_here().
void end_at_once_when_stopped();
/// Not collective. The process ends with this exit code if it has not ended by itself in so many
/// seconds, or at the end of the grace time, where that is earlier.
void end_within(unsigned seconds, int exit_code);

}  // namespace podscale
