#pragma once

#include <string>

namespace podscale {

/// Not collective. "0.1.0 (v0.1.0-12-gabcdef)": the project's version and, where it was built from
/// a checkout, git's description.
std::string version();
/// Not collective. "2026-01-31T12:00:00Z", for the history of files: of one rank, since attributes
/// must be the same on all.
std::string utc_now();
/// Not collective. The command line of this process, for the history of its files.
void set_command_line(const std::string& text);
/// Not collective. That command line.
std::string command_line();
/// Not collective. utc_now() and the command line: a line of `history`.
std::string history_line();

}  // namespace podscale
