// podscale-benchmark: each row against a reference in the same run; see doc/benchmarks.md.
//   mpirun -n 2 build/benchmark/bin/podscale-benchmark --filter network --scratch /scratch/me
#include <slepcsys.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "benchmark.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/process.hpp"
#include "podscale/network/vit.hpp"

using namespace podscale;

namespace {

struct Arguments {
  std::string filter, scratch;
  int repeats = 5;
};

void run_stages(const Communicator& comm, const Arguments& arguments) {
  // 1. A folder of our own, the same on every rank.
  const std::filesystem::path parent = arguments.scratch.empty() ? std::filesystem::temp_directory_path()
                                                                 : std::filesystem::path(arguments.scratch);
  const std::string folder =
      comm.broadcast((parent / ("podscale_benchmark_" + std::to_string(getpid()))).string());
  comm.agree([&] {
    if (comm.is_root()) std::filesystem::create_directories(folder);
  });
  const benchmark::Setting setting{&comm, folder, arguments.repeats};

  // 2. The stages asked for.
  const std::pair<const char*, void (*)(benchmark::Table&)> stages[] = {
      {"pod", benchmark::pod},
      {"network", benchmark::network},
      {"sampling", benchmark::sampling},
      {"codec", benchmark::codec},
      {"files", benchmark::files},
      {"regridding", benchmark::regridding},
      {"transposition", benchmark::transposition}};
  benchmark::Table table(setting);
  if (comm.is_root())
    std::printf("%d rank(s) of one thread, medians of %d repeats\n\n", comm.size(), arguments.repeats);
  if (comm.is_root()) benchmark::Table::print_head();
  for (const auto& [name, stage] : stages) {
    if (std::string(name).find(arguments.filter) == std::string::npos) continue;
    benchmark::Table::start_stage();
    stage(table);
    table.print_stage();
  }

  // 3. Nothing stays behind.
  comm.barrier();
  if (comm.is_root()) std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Times the stages of podscale, each against a reference in the same run",
               "podscale-benchmark");
  app.add_option(
      "--filter", arguments.filter,
      "Stages whose name holds this: pod, network, sampling, codec, files, regridding, transposition");
  app.add_option("--scratch", arguments.scratch,
                 "Folder for files of 0.4 GB (default: the system's temporary one)");
  app.add_option("--repeats", arguments.repeats, "Repeats of a measurement")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  tune_process(1);
  choose_mpi_io();
  int thread_level = 0, status = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &thread_level);
  log::setup(1, true);  // no rank speaks but for errors: the table is the output
  if (SlepcInitialize(nullptr, nullptr, nullptr, nullptr) != 0) return static_cast<int>(ExitCode::bug);
  try {
    run_stages(Communicator::duplicate(MPI_COMM_WORLD), arguments);
  } catch (const Error& error) {
    status = static_cast<int>(error.code());
    log::error_line(error.what());
    if (!error.agreed()) MPI_Abort(MPI_COMM_WORLD, status);
  } catch (const std::exception& error) {
    log::error_line(error.what());
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::bug));
  }
  SlepcFinalize();
  MPI_Finalize();
  return status;
}
