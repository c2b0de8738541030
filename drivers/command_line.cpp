#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/version.hpp"
#include "run_facts.hpp"

namespace podscale {
namespace {

/// Ranks that speak before MPI is up: the launcher tells who is first.
bool is_first_process() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  return true;
}

std::string versions_text(const ProgramInfo& info) {
  std::string text = fmt::format("{} {}\n", info.name, version());
  for (const auto& [name, number] : library_versions(info)) text += fmt::format("{} {}\n", name, number);
  return text;
}

/// As a shell would be given it.
std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || std::strchr("_-+=./,:%@", c);
  });
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return plain ? word : quoted + "'";
}

std::string keys_help(const std::vector<std::string>& groups) {
  std::string text;
  for (const std::string& group : groups) {
    text += fmt::format("\n&{}: {}\n", group, group_help(group) ? group_help(group) : "");
    for (const Key& key : key_table()) {
      if (key.group != group) continue;
      text += fmt::format("  {:<25} {}{}\n",
                          fmt::format("{} = {}", key.name, *key.fallback ? key.fallback : "(none)"), key.help,
                          *key.unit ? fmt::format(" ({})", key.unit) : "");
    }
  }
  return text;
}

}  // namespace

int print_alone(const std::function<std::string()>& text) {
  try {
    const std::string lines = text();
    if (is_first_process()) log::print(lines);
    return 0;
  } catch (...) {
    const Error error = current_error(0);
    if (is_first_process()) log::error_line(error.what());
    return static_cast<int>(error.code());
  }
}

std::optional<int> read_command_line(int argc, char** argv, const ProgramInfo& info, CommandLine& line) {
  CLI::App app(info.summary, info.name);
  std::string footer = info.example.empty() ? "" : "\nExamples:\n" + info.example + "\n";
  if (!info.groups.empty()) footer += "\nKeys of the namelist, with defaults:\n" + keys_help(info.groups);
  footer +=
      "\nExit codes: 0 done, 64 usage or namelist, 65 bad data, 66 input missing, 70 our bug,\n"
      "74 I/O or out of memory, 75 stopped by a signal or the time limit (run again).\n";
  if (!info.takes_files) footer += "\nBehind -- stand options of PETSc: podscale-basis my.nml -- -log_view\n";
  app.footer(footer);
  if (info.takes_files) {
    app.add_option("files", line.files, "Files of podscale")->required();
  } else {
    app.add_option("namelist", line.namelist, "Namelist file")->required();
    app.add_option("--set", line.assignments, "group.key=value, over what the file says")
        ->take_all()
        ->expected(1);
    app.add_flag("--check", line.check,
                 "Validate namelist and inputs, say what would be done, touch nothing");
    app.add_flag("--verbose", line.verbose,
                 "Log the values of all keys, too, which go into the files anyway");
    app.add_option("--print-path", line.path_key,
                   "Print the path of a file key (output.product_file), and stop");
    app.add_option("--print-value", line.value_key,
                   "Print a key as a namelist would give it (sampling.uncertainty), and stop");
  }
  app.add_flag("--quiet", line.quiet, "Warnings and errors only");
  if (info.stops_on_signal) {
    app.add_option("--summary", line.summary,
                   "Write what the run took as JSON: a file, or a folder for <program>.json");
    app.add_option("--heartbeat", line.heartbeat,
                   "File that says every minute how the run is doing, as JSON; default: beside the output, "
                   "as .NAME.heartbeat, for as long as the run lasts");
    app.add_option("--stuck-after", line.stuck_after,
                   "HH:MM:SS: a run in which no rank moves for so long is ended with exit code 75; 0 = never")
        ->capture_default_str();
    app.add_option("--time-limit", line.time_limit,
                   "HH:MM:SS from the start: stop by then with exit code 75, over training.time_limit");
  }
  app.add_flag_callback(
      "--version", [&] { throw CLI::CallForVersion(versions_text(info), 0); },
      "Versions of podscale and its libraries");
  app.add_flag_callback(
      "--reference", [] { throw CLI::CallForVersion(namelist_reference(), 0); },
      "All namelist keys, as Markdown");
  if (info.options) info.options(app);
  std::ostringstream out, error;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const int status = app.exit(problem, out, error);
    if (status && is_first_process()) std::fprintf(stderr, "%s%s", out.str().c_str(), error.str().c_str());
    return status ? static_cast<int>(ExitCode::usage) : print_alone([&] { return out.str(); });
  }
  return std::nullopt;
}

std::string as_typed(int argc, char** argv, const ProgramInfo& info) {
  std::string command = info.name;
  for (int i = 1; i < argc; ++i) command += " " + shell_word(argv[i]);
  return command;
}

}  // namespace podscale
