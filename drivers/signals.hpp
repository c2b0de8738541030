#pragma once
// What the process that a program is started in gives it: signals that are noted before main()
// begins, files that signals leave, standard streams. Nothing here is collective.

namespace podscale {

/// Signals that end a program leave no half-written file behind; those that have a handler keep
/// it.
void clean_up_on_signals();

/// A file that is opened while a standard stream is closed would get its number, and its lines.
void keep_standard_streams();

}  // namespace podscale
