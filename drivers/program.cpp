#include "program.hpp"

#include <slepcsys.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "given_namelist.hpp"
#include "petsc_options.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/stop.hpp"
#include "podscale/core/version.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "run_summary.hpp"
#include "signals.hpp"
#include "watch.hpp"

namespace podscale {
namespace {

using Clock = std::chrono::steady_clock;

/// Not collective. Whether all ranks come here in time: an error that is not agreed, or by
/// mistake, may be that of one rank alone, while the others wait for it in a collective call.
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

/// The files that the command line asks for.
std::vector<std::pair<std::string, std::string>> further_outputs(const CommandLine& line,
                                                                 const std::string& program) {
  std::vector<std::pair<std::string, std::string>> outputs;
  if (!line.summary.empty()) outputs.emplace_back("--summary", summary_path(line.summary, program));
  if (!line.heartbeat.empty()) outputs.emplace_back("--heartbeat", line.heartbeat);
  return outputs;
}

void take_namelist(const ProgramInfo& info, const CommandLine& line, Context& context) {
  read_namelist(line, context);
  context.options = StudyOptions(context.namelist);
  context.comm.agree([&] {
    const bool makes_ocean = std::count(info.groups.begin(), info.groups.end(), "ocean") > 0;
    if (context.comm.is_root())
      keep_files_apart(context.namelist, line.namelist, makes_ocean, further_outputs(line, info.name));
  });
}

/// What a run took, for the log and --summary. Collective.
void sum_up(const RunFacts& facts, const CommandLine& line, const Context& context, double seconds,
            int status) {
  const RunSummary summary = run_summary(context.comm, seconds, status);
  log::info("{}: {} in {}, peak memory {:.0f} MiB a rank", facts.program, status == 0 ? "done" : "stopped",
            format_duration(seconds), summary.memory.max);
  log_summary(summary);
  context.comm.agree([&] {
    if (line.summary.empty() || line.check || !context.comm.is_root()) return;
    OutputFile file(summary_path(line.summary, facts.program));
    file.write(summary_json(facts, summary, context.options.effective));
    file.commit();
  });
}

/// The work of a program that may take long, with what is said of it before, meanwhile and
/// afterwards.
int run_watched(const ProgramInfo& info, const CommandLine& line, Context& context,
                const std::function<int(Context&)>& body) {
  const auto start = Clock::now();
  const Communicator& comm = context.comm;
  double stuck_after = 0;
  comm.agree([&] {
    set_deadline(line.time_limit.empty() ? context.options.run.time_limit : line.time_limit);
    if (line.stuck_after != "0")
      stuck_after = static_cast<double>(limit_seconds(line.stuck_after, "--stuck-after"));
  });
  const Node node(comm);
  const RunFacts facts = run_facts(info, line, node, comm.size(), context.options.run.threads);
  log_header(facts);
  std::istringstream effective(line.verbose ? context.namelist.effective(info.groups) : "");
  for (std::string text; std::getline(effective, text);) log::info("  {}", text);
  comm.agree([&] {
    if (signal_received())
      fail(ExitCode::requeue, "stopped by {} before the work began: run again", stop_reason());
  });
  std::optional<Heartbeat> heartbeat;
  comm.agree([&] {
    if (comm.is_root() && !line.check) heartbeat.emplace(facts, line.heartbeat);
  });
  const auto end_heartbeat = [&](const char* state, int code) {
    if (heartbeat) heartbeat->end(state, code);
  };
  int status = 0;
  try {
    const Watch watch(node, stuck_after, heartbeat ? &*heartbeat : nullptr);
    status = body(context);
    sum_up(facts, line, context, std::chrono::duration<double>(Clock::now() - start).count(), status);
  } catch (...) {
    const int code = static_cast<int>(current_error(comm.rank()).code());
    end_heartbeat(code == static_cast<int>(ExitCode::requeue) ? "stopped" : "failed", code);
    throw;
  }
  end_heartbeat(status == 0 ? "finished" : "stopped", status);
  return status;
}

int run_body(const ProgramInfo& info, const CommandLine& line, const std::function<int(Context&)>& body) {
  Context context{Communicator::duplicate(MPI_COMM_WORLD), {}, {}, line.check, line.files};
  log::info("{} {} on {} rank{}", info.name, version(), context.comm.size(),
            context.comm.size() > 1 ? "s" : "");
  if (!info.takes_files) take_namelist(info, line, context);
  const int status = info.stops_on_signal ? run_watched(info, line, context, body) : body(context);
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
  set_command_line(as_typed(argc, argv, info));
  const std::vector<std::string> petsc = take_petsc_options(argc, argv, info);
  if (const auto ends = read_command_line(argc, argv, info, line)) return *ends;
  if (!line.path_key.empty() || !line.value_key.empty()) return print_alone([&] { return asked_for(line); });

  return_freed_memory();
  int thread_level = 0, status = 0;
  choose_mpi_io();
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &thread_level);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  log::setup(rank, line.quiet);
  std::optional<Communicator> all = Communicator::duplicate(MPI_COMM_WORLD);  // for errors alone
  try {
    start_petsc(petsc);
    if (info.stops_on_signal) install_signal_handlers();  // whatever the libraries did to them
    set_last_clean_up(remove_doomed_files);
    if (info.nothing_to_save) end_at_once_when_stopped();
    clean_up_on_signals();
    set_blas_threads(1);
    reserve_blas_memory();
    status = run_body(info, line, body);
    warn_of_unused_options(petsc);
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
