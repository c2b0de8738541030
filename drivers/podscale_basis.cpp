// podscale-basis: HR and LR training series in, basis.nc out.
#include <CLI/CLI.hpp>

#include "force.hpp"
#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-basis";
  info.summary = "Climatologies, patchwise POD basis and linear-Gaussian base of the training period";
  info.stops_on_signal = true;
  info.groups = {"data", "grid", "patches", "basis", "base", "history", "model", "images", "output"};
  info.example = "  mpirun -n 2 podscale-basis namelists/ocean.nml";
  bool force = false;
  info.options = [&](CLI::App& app) { add_force(app, force); };
  return run_program(argc, argv, info, [&](Context& context) {
    context.force = is_forced(context.comm, force);
    return run_basis(context);
  });
}
