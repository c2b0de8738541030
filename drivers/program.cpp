#include "program.hpp"

#include <fcntl.h>
#include <glob.h>
#include <hdf5.h>
#include <netcdf.h>
#include <slepcsys.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "podscale/core/error.hpp"
#include "podscale/core/input_file.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

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

/// Signals that end a program leave no half-written file behind.
void clean_up_on_signals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU})
    if (struct sigaction found{}; sigaction(number, nullptr, &found) == 0 && found.sa_handler == SIG_DFL)
      std::signal(number, die_cleanly);
}

/// A file that is opened while a standard stream is closed would get its number, and its lines.
void keep_standard_streams() {
  for (const int stream : {0, 1, 2})
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY);
}

/// Ranks that speak before MPI is up: the launcher tells who is first.
bool is_first_process() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  return true;
}

std::string library_versions(const ProgramInfo& info) {
  char petsc[256] = "", slepc[256] = "", mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  unsigned major = 0, minor = 0, release = 0;
  int length = 0;
  PetscGetVersion(petsc, sizeof petsc);
  SlepcGetVersion(slepc, sizeof slepc);
  MPI_Get_library_version(mpi, &length);
  H5get_libversion(&major, &minor, &release);
  const auto first = [](const std::string& text, char end) { return text.substr(0, text.find(end)); };
  return fmt::format("{} {}\n{}\n{}\nNetCDF {}\nHDF5 {}.{}.{}\n{}\n{}{}", info.name, version(),
                     first(petsc, ','), first(slepc, ','), first(nc_inq_libvers(), ' '), major, minor,
                     release, first(mpi, ','), info.versions, info.versions.empty() ? "" : "\n");
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

struct CommandLine {
  std::string namelist;
  std::vector<std::string> assignments;
  std::string path_key, value_key;
  std::vector<std::string> files;
  std::string time_limit;
  bool quiet = false, verbose = false, check = false;
};

/// Prints what `text` returns, before MPI is up. Returns the exit code.
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

/// The exit code where the run ends here: --help, --version, --reference, usage errors.
std::optional<int> read_command_line(int argc, char** argv, const ProgramInfo& info, CommandLine& line) {
  CLI::App app(info.summary, info.name);
  std::string footer = info.example.empty() ? "" : "\nExamples:\n" + info.example + "\n";
  if (!info.groups.empty()) footer += "\nKeys of the namelist, with defaults:\n" + keys_help(info.groups);
  footer +=
      "\nExit codes: 0 done, 64 usage or namelist, 65 bad data, 66 input missing, 70 our bug,\n"
      "74 I/O or out of memory, 75 stopped by a signal or the time limit (run again).\n";
  app.footer(footer);
  if (info.takes_files) {
    app.add_option("files", line.files, "Files of podscale")->required();
  } else {
    app.add_option("namelist", line.namelist, "Namelist file")->required();
    app.add_option("--set", line.assignments, "group.key=value, over what the file says")
        ->take_all()
        ->expected(1);
    app.add_flag("--check", line.check, "Validate namelist and inputs, say what would be done, touch nothing");
    app.add_flag("--verbose", line.verbose, "Log the values of all keys, too, which go into the files anyway");
    app.add_option("--print-path", line.path_key,
                   "Print the path of a file key (output.product_file), and stop");
    app.add_option("--print-value", line.value_key,
                   "Print a key as a namelist would give it (sampling.uncertainty), and stop");
  }
  app.add_flag("--quiet", line.quiet, "Warnings and errors only");
  if (info.stops_on_signal)
    app.add_option("--time-limit", line.time_limit,
                   "HH:MM:SS from the start: stop by then with exit code 75, over training.time_limit");
  app.add_flag_callback(
      "--version", [&] { throw CLI::CallForVersion(library_versions(info), 0); },
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

/// Errors: those of require_regular_file.
std::string file_text(const std::string& path) {
  std::error_code status;
  return small_text_of(path, "namelist",
                       "the working directory is " + std::filesystem::current_path(status).string());
}

void fill_namelist(const std::string& text, const CommandLine& line, Namelist& namelist) {
  namelist.parse(text, line.namelist);
  for (const std::string& assignment : line.assignments) namelist.set(assignment);
}

/// Collective. Rank 0 reads, all parse the same text: an error is the same everywhere.
void read_namelist(const CommandLine& line, Context& context) {
  std::string text;
  context.comm.agree([&] {
    if (context.comm.is_root()) text = file_text(line.namelist);
  });
  text = context.comm.broadcast(text);
  context.comm.agree([&] { fill_namelist(text, line, context.namelist); });
}

constexpr std::array kOutputs{"output.basis_file", "output.model_file",  "output.product_file",
                              "verify.text_file",  "verify.scores_file", "verify.picture_file"};
constexpr std::array kOceanFiles{"ocean.hr_file", "ocean.lr_file"};

/// For scripts: they need not read namelists themselves. No MPI.
std::string asked_for(const CommandLine& line) {
  Namelist namelist;
  fill_namelist(file_text(line.namelist), line, namelist);
  const auto is_one_of = [](const auto& keys, const std::string& wanted) {
    return std::find(keys.begin(), keys.end(), wanted) != keys.end();
  };
  if (!line.path_key.empty()) {
    if (!is_one_of(kOutputs, line.path_key) && !is_one_of(kOceanFiles, line.path_key))
      fail(ExitCode::usage, "--print-path {}: no such key, expected one of {}, {}", line.path_key,
           fmt::join(kOutputs, ", "), fmt::join(kOceanFiles, ", "));
    return file_path(namelist, line.path_key).value + "\n";
  }
  std::vector<std::string> keys;
  for (const Key& key : key_table()) keys.push_back(fmt::format("{}.{}", key.group, key.name));
  if (!is_one_of(keys, line.value_key))
    fail(ExitCode::usage, "--print-value {}: no such key, expected group.key", line.value_key);
  return namelist.effective_value(line.value_key) + "\n";
}

/// Rank 0. All files of a study count as outputs, whichever program runs: none is to replace
/// another.
void keep_files_apart(const Namelist& namelist, const std::string& file, bool makes_ocean) {
  using Named = std::vector<std::pair<std::string, std::string>>;
  const auto named = [&](const auto& keys) {
    Named paths;
    for (const char* key : keys)
      if (const FilePath path = file_path(namelist, key); !path.value.empty())
        paths.emplace_back(key, path.value);
    return paths;
  };
  Named outputs = named(kOutputs);
  Named inputs{{"the namelist", file}};
  if (makes_ocean)  // data.hr_files may be what is made here
    for (const auto& made : named(kOceanFiles)) outputs.push_back(made);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (same_file(outputs[i].second, outputs[j].second))
        fail(ExitCode::usage, "{}: {} and {} are the same file, {}; expected files of their own",
             namelist.source(), outputs[j].first, outputs[i].first, outputs[i].second);
  for (const std::string key : {"data.hr_files", "data.lr_files", "data.apply_files", "data.truth_files", "data.mask_file", "grid.weights"}) {
    if (makes_ocean) break;
    for (const std::string& pattern :
         key == "data.mask_file" || key == "grid.weights" ? std::vector<std::string>{namelist.text(key)}
                                                         : namelist.texts(key)) {
      glob_t found{};
      if (pattern.empty()) continue;
      if (glob(pattern.c_str(), GLOB_NOCHECK, nullptr, &found) == 0)
        for (std::size_t i = 0; i < found.gl_pathc; ++i) inputs.emplace_back(key, found.gl_pathv[i]);
      globfree(&found);
    }
  }
  keep_apart(outputs, inputs, namelist.source());
}

/// Not collective. Whether all ranks come here in time: an error that is not agreed, or by mistake,
/// may be that of one rank alone, while the others wait for it in a collective call.
bool all_arrive(const Communicator& comm, std::chrono::seconds limit) {
  MPI_Request request = MPI_REQUEST_NULL;
  int arrived = 0;
  MPI_Ibarrier(comm.raw(), &request);
  for (const auto end = Clock::now() + limit; !arrived && Clock::now() < end; usleep(2000))
    MPI_Test(&request, &arrived, MPI_STATUS_IGNORE);
  return arrived != 0;
}

/// In a catch block. Prints one line, that of the lowest rank where all have an error, and returns
/// its code; ends the run by MPI_Abort where some rank does not come, or a file cannot be closed.
int end_with_error(const Communicator& comm) {
  Error error = current_error(comm.rank());
  const bool all = all_arrive(comm, std::chrono::seconds(error.agreed() ? 20 : 5));
  bool in_step = error.agreed() && all;
  if (all) {
    in_step = comm.min(in_step ? 1 : 0) != 0;
    try {
      comm.agree([&] { throw Error(error.code(), error.what()); });
    } catch (const Error& common) {
      error = common;
    }
  }
  const int code = static_cast<int>(error.code());
  const std::string what = error.what(), here = fmt::format("rank {}", comm.rank());
  if (all ? comm.is_root() : what.find(here) != std::string::npos)
    log::error_line(what);
  else if (!all)
    log::error_line(here + ": " + what);
  if (!all) remove_doomed_files();
  end_within(60, code);  // closing may need the others, too: whatever waits for ever now, the run ends
  const bool closed = NetcdfFile::abandon_all(in_step && error.code() != ExitCode::io);
  if (!all || comm.min(closed ? 1 : 0) == 0) {
    if (comm.size() == 1) std::_Exit(code);
    MPI_Abort(MPI_COMM_WORLD, code);
  }
  return code;
}

int run_body(const ProgramInfo& info, const CommandLine& line, const std::function<int(Context&)>& body) {
  const auto start = Clock::now();
  Context context{Communicator::duplicate(MPI_COMM_WORLD), {}, {}, line.check, line.files};
  log::info("{} {} on {} rank{}", info.name, version(), context.comm.size(),
            context.comm.size() > 1 ? "s" : "");
  if (!info.takes_files) {
    read_namelist(line, context);
    context.options = StudyOptions(context.namelist);
    context.comm.agree([&] {
      const bool makes_ocean = std::count(info.groups.begin(), info.groups.end(), "ocean") > 0;
      if (context.comm.is_root()) keep_files_apart(context.namelist, line.namelist, makes_ocean);
    });
    std::istringstream effective(line.verbose ? context.namelist.effective(info.groups) : "");
    for (std::string text; std::getline(effective, text);) log::info("  {}", text);
  }
  if (info.stops_on_signal) {
    context.comm.agree([&] {
      set_deadline(line.time_limit.empty() ? context.options.run.time_limit : line.time_limit);
    });
    context.comm.agree([&] {
      if (signal_received())
        fail(ExitCode::requeue, "stopped by {} before the work began: run again", stop_reason());
    });
  }
  const int status = body(context);
  const double peak = context.comm.max(peak_memory_mib());
  if (!info.takes_files)
    log::info("{}: {} in {}, peak memory {:.0f} MiB a rank", info.name, status == 0 ? "done" : "stopped",
              format_duration(std::chrono::duration<double>(Clock::now() - start).count()), peak);
  if (status == 0)
    context.comm.agree([&] {
      if (context.comm.is_root()) log::print("");  // the log, too, must have arrived
    });
  return status;
}

}  // namespace

int run_program(int argc, char** argv, const ProgramInfo& info, const std::function<int(Context&)>& body) {
  info.stops_on_signal ? install_signal_handlers() : restore_signal_handlers();
  keep_standard_streams();
  CommandLine line;
  if (const auto ends = read_command_line(argc, argv, info, line)) return *ends;
  std::string command = info.name;
  for (int i = 1; i < argc; ++i) command += " " + shell_word(argv[i]);
  set_command_line(command);
  if (!line.path_key.empty() || !line.value_key.empty()) return print_alone([&] { return asked_for(line); });

  return_freed_memory();
  // PETSc gets a command line of its own: our options are not PETSc's, and no .petscrc changes our
  // numbers.
  char arguments[][24] = {"podscale", "-skip_petscrc", "-no_signal_handler"};
  char* pointers[] = {arguments[0], arguments[1], arguments[2], nullptr};
  char** petsc_argv = pointers;
  int petsc_argc = 3, thread_level = 0, status = 0;
  choose_mpi_io();
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &thread_level);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  log::setup(rank, line.quiet);
  std::optional<Communicator> all = Communicator::duplicate(MPI_COMM_WORLD);  // for errors alone
  try {
    PODSCALE_PETSC(SlepcInitialize(&petsc_argc, &petsc_argv, nullptr, nullptr));
    PODSCALE_PETSC(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
    if (info.stops_on_signal) install_signal_handlers();  // whatever the libraries did to them
    set_last_clean_up(remove_doomed_files);
    if (info.nothing_to_save) end_at_once_when_stopped();
    clean_up_on_signals();
    set_blas_threads(1);
    reserve_blas_memory();
    status = run_body(info, line, body);
    NetcdfFile::abandon_all(true);
  } catch (...) {
    status = end_with_error(*all);
  }
  if (const auto since = seconds_since_stop(); since && status == static_cast<int>(ExitCode::requeue))
    log::info("{}: ends with exit code {} {:.1f} s after {}", info.name, status, *since, stop_reason());
  all.reset();
  SlepcFinalize();
  MPI_Finalize();
  if (!stop_requested()) alarm(0);  // the time limit
  // All ranks leave in the same millisecond: a launcher kills the rest when the first one ends so.
  if (status == static_cast<int>(ExitCode::requeue)) {
    std::fflush(nullptr);
    std::_Exit(status);
  }
  return status;
}

}  // namespace podscale
