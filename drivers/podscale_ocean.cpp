// podscale-ocean: a synthetic ocean to try everything with.
//
//   mpirun -n 2 podscale-ocean namelists/ocean.nml
//   podscale-ocean namelists/ocean.nml --set ocean.nx=1024 --set ocean.ny=1024 --set
//   ocean.last_date=2000-12-31
#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-ocean";
  info.summary = "Makes a synthetic ocean: HR and LR series as CF NetCDF.";
  info.stops_on_signal = true;
  info.nothing_to_save = true;
  info.groups = {"ocean", "output"};
  info.example = "  mpirun -n 2 podscale-ocean namelists/ocean.nml";
  return run_program(argc, argv, info, run_ocean);
}
