// podscale-downscale: basis.nc, model.h5 (unless the base is used alone) and LR series in,
// product.nc out.
#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "podscale-downscale";
  info.summary = "Downscaled mean, variance and members of an LR series, as CF NetCDF";
  info.groups = {"data", "model", "training", "sampling", "regions", "images", "output"};
  info.example = "  mpirun -n 2 podscale-downscale namelists/ocean.nml --set sampling.uncertainty=base";
  info.stops_on_signal = true;
  info.versions = network_backend().versions;
  return run_program(argc, argv, info,
                     [](Context& context) { return run_downscale(context, network_backend()); });
}
