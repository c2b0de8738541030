#include "program.hpp"

#include <glob.h>
#include <hdf5.h>
#include <netcdf.h>
#include <slepcsys.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/version.hpp"

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

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
  std::string path_key;
  std::vector<std::string> files;
  bool quiet = false, check = false, dry_run = false;
};

/// The exit code where the run ends here: --help, --version, --reference, usage errors.
std::optional<int> read_command_line(int argc, char** argv, const ProgramInfo& info, CommandLine& line) {
  CLI::App app(info.summary, info.name);
  std::string footer = info.example.empty() ? "" : "\nExamples:\n" + info.example + "\n";
  if (!info.groups.empty()) footer += "\nKeys of the namelist, with defaults:\n" + keys_help(info.groups);
  footer +=
      "\nExit codes: 0 done, 64 usage or namelist, 65 bad data, 66 input missing, 70 our bug, 74 I/O,\n"
      "75 stopped by a signal or the time limit after a checkpoint (run again).\n";
  app.footer(footer);
  if (info.takes_files) {
    app.add_option("files", line.files, "Files of podscale")->required();
  } else {
    app.add_option("namelist", line.namelist, "Namelist file")->required();
    app.add_option("--set", line.assignments, "group.key=value, over what the file says")
        ->take_all()
        ->expected(1);
    app.add_flag("--check", line.check, "Validate namelist and inputs, touch nothing");
    app.add_flag("--dry-run", line.dry_run, "Say what would be done, and stop");
    app.add_option("--print-path", line.path_key,
                   "Print the path of a file key (output.product_file), and stop");
  }
  app.add_flag("--quiet", line.quiet, "Warnings and errors only");
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
    if (is_first_process())
      std::fprintf(status ? stderr : stdout, "%s%s", out.str().c_str(), error.str().c_str());
    return static_cast<int>(status ? ExitCode::usage : ExitCode::ok);
  }
  return std::nullopt;
}

/// Errors: no_input, io.
std::string file_text(const std::string& path) {
  std::error_code status;
  if (!std::filesystem::exists(path, status))
    fail(ExitCode::no_input, "{}: no such namelist (working directory {})", path,
         std::filesystem::current_path(status).string());
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, status)) fail(ExitCode::io, "{}: can't be read", path);
  return {std::istreambuf_iterator<char>(file), {}};
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

/// For scripts: they need not read namelists themselves. No MPI.
int print_path(const CommandLine& line) {
  try {
    Namelist namelist;
    fill_namelist(file_text(line.namelist), line, namelist);
    const auto& keys = key_table();
    if (std::none_of(keys.begin(), keys.end(), [&](const Key& key) {
          return key.type == KeyType::text && fmt::format("{}.{}", key.group, key.name) == line.path_key;
        }))
      fail(ExitCode::usage, "--print-path {}: no such key, expected group.key of one text", line.path_key);
    if (is_first_process()) fmt::print("{}\n", path_below(namelist, namelist.text(line.path_key)));
    return 0;
  } catch (const Error& error) {
    if (is_first_process()) log::error_line(error.what());
    return static_cast<int>(error.code());
  }
}

/// Rank 0. A slip of a name must not replace a file that is read, nor one file of the study by another.
void keep_files_apart(const Namelist& namelist) {
  std::vector<std::pair<std::string, std::string>> outputs;  // key, path
  for (const char* key : {"output.basis_file", "output.model_file", "output.product_file", "verify.text_file",
                          "verify.scores_file", "verify.picture_file"})
    if (!namelist.text(key).empty()) outputs.emplace_back(key, path_below(namelist, namelist.text(key)));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (outputs[i].second == outputs[j].second)
        fail(ExitCode::usage, "{}: {} and {} are the same file, {}; expected files of their own",
             namelist.source(), outputs[j].first, outputs[i].first, outputs[i].second);
  for (const std::string key : {"data.hr_files", "data.lr_files", "data.truth_files", "data.mask_file"})
    for (const std::string& pattern :
         key == "data.mask_file" ? std::vector<std::string>{namelist.text(key)} : namelist.texts(key)) {
      glob_t found{};
      const int status = glob(pattern.c_str(), 0, nullptr, &found);
      const std::vector<std::string> inputs(found.gl_pathv,
                                            found.gl_pathv + (status == 0 ? found.gl_pathc : 0));
      globfree(&found);
      for (const std::string& input : inputs)
        for (const auto& [output_key, output] : outputs)
          if (std::error_code absent; std::filesystem::equivalent(input, output, absent) && !absent)
            fail(ExitCode::usage, "{}: {} = {} is an input, of {}; expected a file that may be written",
                 namelist.source(), output_key, output, key);
    }
}

/// Prints the error of this rank and ends all of them: the others may be waiting in a collective call.
int abort_run(int code, const std::string& what) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  log::error_line(fmt::format("rank {}: {}", rank, what));
  MPI_Abort(MPI_COMM_WORLD, code);
  return code;
}

int run_body(const ProgramInfo& info, const CommandLine& line, const std::function<int(Context&)>& body) {
  const auto start = Clock::now();
  Context context{Communicator::duplicate(MPI_COMM_WORLD), {}, line.check, line.dry_run, line.files};
  log::info("{} {} on {} rank{}", info.name, version(), context.comm.size(),
            context.comm.size() > 1 ? "s" : "");
  if (!info.takes_files) {
    read_namelist(line, context);
    context.comm.agree([&] { set_deadline(context.namelist.text("training.time_limit")); });
    context.comm.agree([&] {
      if (context.comm.is_root()) keep_files_apart(context.namelist);
    });
    std::istringstream effective(context.namelist.effective(info.groups));
    for (std::string text; std::getline(effective, text);) log::info("  {}", text);
  }
  const int status = body(context);
  const double peak = context.comm.max(peak_memory_mib());
  if (!info.takes_files)
    log::info("{}: {} in {}, peak memory {:.0f} MiB a rank", info.name, status == 0 ? "done" : "stopped",
              format_duration(std::chrono::duration<double>(Clock::now() - start).count()), peak);
  return status;
}

}  // namespace

int run_program(int argc, char** argv, const ProgramInfo& info, const std::function<int(Context&)>& body) {
  CommandLine line;
  if (const auto ends = read_command_line(argc, argv, info, line)) return *ends;
  if (!line.path_key.empty()) return print_path(line);

  return_freed_memory();
  // PETSc gets a command line of its own: our options are not PETSc's, and no .petscrc changes our numbers.
  char arguments[][24] = {"podscale", "-skip_petscrc", "-no_signal_handler"};
  char* pointers[] = {arguments[0], arguments[1], arguments[2], nullptr};
  char** petsc_argv = pointers;
  int petsc_argc = 3, thread_level = 0, status = 0;
  // Open MPI's own MPI-IO returned wrong data from overlapping collective reads (open-mpi/ompi issue 10546)
  // and has reports of bad writes; ROMIO has neither and is faster. The user's own setting wins.
  setenv("OMPI_MCA_io", "romio321", 0);
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &thread_level);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  log::setup(rank, line.quiet);
  try {
    PODSCALE_PETSC(SlepcInitialize(&petsc_argc, &petsc_argv, nullptr, nullptr));
    PODSCALE_PETSC(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
    if (info.stops_on_signal) install_signal_handlers();
    set_blas_threads(1);
    status = run_body(info, line, body);
  } catch (const Error& error) {
    status = static_cast<int>(error.code());
    if (!error.agreed()) return abort_run(status, error.what());
    if (rank == 0) log::error_line(error.what());
  } catch (const std::bad_alloc&) {
    return abort_run(static_cast<int>(ExitCode::bug), "out of memory: use more ranks or smaller blocks");
  } catch (const std::exception& error) {
    return abort_run(static_cast<int>(ExitCode::bug), fmt::format("internal error: {}", error.what()));
  }
  SlepcFinalize();
  MPI_Finalize();
  return status;
}

}  // namespace podscale
