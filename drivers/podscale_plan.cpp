// podscale-plan: predicts time and memory of the programs of a study by the number of ranks.
//
//   podscale-plan namelists/tasman.nml --ranks 16
//   podscale-plan my.nml --ranks 10000 --region 2160,4320 --times 3650,365,365 --tile 32,2
//   mpirun -n 2 podscale-plan my.nml --calibrate rates.txt
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "podscale/core/error.hpp"
#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-plan";
  info.summary = "Predicts time and memory of a study's programs, and how many ranks it wants.";
  info.nothing_to_save = true;
  info.groups = {"data", "grid", "patches", "basis", "base", "model", "training", "sampling", "output"};
  info.example =
      "  podscale-plan namelists/tasman.nml --ranks 16\n"
      "  podscale-plan my.nml --ranks 10000 --region 2160,4320 --times 3650,365,365 --tile 32,2\n"
      "  mpirun -n 2 podscale-plan my.nml --calibrate rates.txt";
  PlanRequest request;
  request.cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  double gigabytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1 << 30);
  std::string calibrated;
  info.options = [&](CLI::App& app) {
    const auto list = [&](const char* name, std::vector<long>& values, int count, const char* help) {
      app.add_option(name, values, help)->delimiter(',')->expected(count)->allow_extra_args(false);
    };
    app.add_option("--ranks", request.ranks, "Most ranks to plan for (default 64)")
        ->check(CLI::Range(1, 1000000));
    list("--region", request.region.region, 2, "Rows and columns of HR where its files are not there");
    list("--times", request.region.times, 3, "With --region: times to train, validate and downscale");
    app.add_option("--factor", request.region.factor,
                   "With --region: HR points along an LR cell (default data.coarsen_factor)")
        ->check(CLI::Range(1, 1000));
    app.add_option("--ocean", request.region.ocean, "With --region: share of ocean (default 0.7)");
    app.add_option("--variables", request.region.variables, "With --region: number of variables (default 1)")
        ->check(CLI::Range(1, 1000));
    list("--tile", request.tile, 2, "Tiles other than the namelist's: patches along an edge, halo");
    app.add_option("--cores", request.cores, "Cores of a node (default: of this one)")
        ->check(CLI::Range(1, 100000));
    app.add_option("--memory", gigabytes, "GiB of memory of a node (default: of this one)")
        ->check(CLI::PositiveNumber);
    app.add_option("--nodes", request.nodes, "Nodes that the ranks share (default: a core for each rank)")
        ->check(CLI::Range(1, 1000000));
    app.add_option("--rates", request.rates, "File of rates, by --calibrate (default: built in)");
    app.add_option("--calibrate", calibrated, "Measure this machine's rates, write them to a file, and stop");
  };
  return run_program(argc, argv, info, [&](Context& context) {
    request.node_mib = 1024 * gigabytes;
    return calibrated.empty() ? run_plan(context, request) : run_calibration(context, calibrated);
  });
}
